"""Brings the engines to what the templates say: topics, tables, logins, keys, secrets, alarms. May be repeated."""

from local.provision.cassandra import provision_tables, switches
from local.provision.errors import ProvisionFailed
from local.provision.kafka import provision_acls, provision_topics
from local.provision.localstack import LocalStackResources

__all__ = [
    "LocalStackResources",
    "ProvisionFailed",
    "provision_acls",
    "provision_tables",
    "provision_topics",
    "switches",
]
