"""Texts for people by kind of pydantic error.

Any other kind is reported as malformed, with pydantic's own text as evidence.
"""

VALIDATION_TEXTS = {
    "missing": "缺少必填项",
    "extra_forbidden": "不应有此项",
    "json_invalid": "内容不是有效的 JSON",
    "string_type": "应为文本",
    "string_too_short": "内容过短",
    "string_too_long": "内容过长",
    "too_long": "项数过多",
    "string_pattern_mismatch": "格式不正确",
    "int_parsing": "应为整数",
    "decimal_parsing": "应为数字",
    "date_from_datetime_parsing": "应为日期（年-月-日）",
    "enum": "不在可选值之内",
    "literal_error": "不在可选值之内",
}
