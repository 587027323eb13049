"""Distributions of CloudFront, on loopback: to the app's own buckets and APIs, by the first behaviour that matches."""
