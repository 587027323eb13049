"""The local cloud: runs a synthesized CDK app on this machine, on real engines. Knows nothing about the app."""
