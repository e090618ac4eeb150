"""JSON Schemas of the requests that Notion takes from us, of API version 2025-09-03.

Written by hand after https://developers.notion.com/reference: post-page, patch-page,
query-a-data-source, update-a-data-source, property-value-object and request-limits.
"""

from __future__ import annotations

TEXT = {
    "type": "array",
    "maxItems": 100,
    "items": {
        "type": "object",
        "required": ["text"],
        "additionalProperties": False,
        "properties": {
            "text": {
                "type": "object",
                "required": ["content"],
                "properties": {"content": {"type": "string", "maxLength": 2000}},
            }
        },
    },
}
DATE = {
    "oneOf": [
        {"type": "null"},
        {
            "type": "object",
            "required": ["start"],
            "additionalProperties": False,
            "properties": {"start": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}"}},
        },
    ]
}
VALUE = {
    "type": "object",
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
    "properties": {
        "title": TEXT,
        "rich_text": TEXT,
        "number": {"type": ["number", "null"]},
        "url": {"type": ["string", "null"], "minLength": 1, "maxLength": 2000},
        "date": DATE,
    },
}
VALUES = {"type": "object", "additionalProperties": VALUE}
CREATE = {
    "type": "object",
    "required": ["parent", "properties"],
    "additionalProperties": False,
    "properties": {
        "parent": {
            "type": "object",
            "required": ["type", "data_source_id"],
            "additionalProperties": False,
            "properties": {
                "type": {"const": "data_source_id"},
                "data_source_id": {"type": "string"},
            },
        },
        "properties": VALUES,
    },
}
UPDATE = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": False,
    "properties": {"properties": VALUES, "archived": {"type": "boolean"}},
}
QUERY = {
    "type": "object",
    "required": ["filter"],
    "additionalProperties": False,
    "properties": {
        "filter": {
            "type": "object",
            "required": ["property", "rich_text"],
            "properties": {
                "property": {"type": "string"},
                "rich_text": {
                    "type": "object",
                    "required": ["equals"],
                    "additionalProperties": False,
                    "properties": {"equals": {"type": "string"}},
                },
            },
        },
        "sorts": {"type": "array"},
        "page_size": {"type": "integer", "minimum": 1, "maximum": 100},
    },
}
ALTER = {
    "type": "object",
    "required": ["properties"],
    "additionalProperties": False,
    "properties": {
        "properties": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "minProperties": 1,
                "maxProperties": 1,
                "propertyNames": {"enum": ["rich_text", "number", "url", "date"]},
            },
        }
    },
}
