"""The twelve leagues and cities of Inner Mongolia by GB/T 2260 code."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from messages.values import Prefecture

# Source: GB/T 2260 (codes of administrative divisions). The first six digits of a USCC
# name the registering office, so a prefecture is never derived from one.
PREFECTURES: Final[Mapping[str, str]] = MappingProxyType(
    {
        Prefecture.HOHHOT: "呼和浩特市",
        Prefecture.BAOTOU: "包头市",
        Prefecture.WUHAI: "乌海市",
        Prefecture.CHIFENG: "赤峰市",
        Prefecture.TONGLIAO: "通辽市",
        Prefecture.ORDOS: "鄂尔多斯市",
        Prefecture.HULUNBUIR: "呼伦贝尔市",
        Prefecture.BAYANNUR: "巴彦淖尔市",
        Prefecture.ULANQAB: "乌兰察布市",
        Prefecture.HINGGAN: "兴安盟",
        Prefecture.XILINGOL: "锡林郭勒盟",
        Prefecture.ALXA: "阿拉善盟",
    }
)
