"""`natter chat`: Natter in a terminal. `cli` is the way in; nothing here is meant to be imported by others."""
