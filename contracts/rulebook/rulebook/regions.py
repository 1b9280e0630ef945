"""The twelve leagues and cities of Inner Mongolia by GB/T 2260 code."""

from typing import Final

# Source: GB/T 2260 (codes of administrative divisions). The first six digits of a USCC
# name the registering office, so a prefecture is never derived from one.
PREFECTURES: Final[dict[str, str]] = {
    "150100": "呼和浩特市",
    "150200": "包头市",
    "150300": "乌海市",
    "150400": "赤峰市",
    "150500": "通辽市",
    "150600": "鄂尔多斯市",
    "150700": "呼伦贝尔市",
    "150800": "巴彦淖尔市",
    "150900": "乌兰察布市",
    "152200": "兴安盟",
    "152500": "锡林郭勒盟",
    "152900": "阿拉善盟",
}
