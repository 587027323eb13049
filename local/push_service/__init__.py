"""A push service of browsers on loopback, as Chrome's, Firefox's or Safari's are on the internet: RFC 8030 and 8292."""
