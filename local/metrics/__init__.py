"""What CloudWatch would know: metrics that functions log and those of the platform itself, and the alarms on them."""
