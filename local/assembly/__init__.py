"""Reads a synthesized CDK app and resolves it to local values. It reads files and opens no connection."""

from local.assembly.alarms import ALARM, alarm_name
from local.assembly.application import build_app
from local.assembly.attributes import Attributes, api_id, distribution_name, rewriter
from local.assembly.composite_alarms import COMPOSITE, composite_name
from local.assembly.custom import CustomResource, custom_resources
from local.assembly.intrinsics import Resolver, Site, Unresolvable
from local.assembly.stores import Column, Database, Table, Topic, databases, keyspaces, tables, topics
from local.assembly.templates import Assembly, Resource

__all__ = [
    "ALARM",
    "COMPOSITE",
    "Assembly",
    "Attributes",
    "Column",
    "CustomResource",
    "Database",
    "Resolver",
    "Resource",
    "Site",
    "Table",
    "Topic",
    "Unresolvable",
    "alarm_name",
    "api_id",
    "build_app",
    "composite_name",
    "custom_resources",
    "databases",
    "distribution_name",
    "keyspaces",
    "rewriter",
    "tables",
    "topics",
]
