"""Evidence files: small valid PDFs and PNGs, the same bytes in every run."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from hashlib import sha256

from deploy.demo.personas import Applicant

_SIDE = 32


@dataclass(frozen=True)
class Evidence:
    name: str
    note: str
    content: bytes

    @property
    def sha256(self) -> str:
        return sha256(self.content).hexdigest()


def of(applicant: Applicant) -> tuple[Evidence, ...]:
    """Return the attachments of the applicant's report."""
    code = applicant.unit.uscc
    return (
        Evidence(f"{applicant.id}-certificates.pdf", "管理体系认证证书", pdf("Management system certificates", code)),
        Evidence(f"{applicant.id}-energy-audit.pdf", "能源审计报告摘要", pdf("Energy audit, summary", code)),
        Evidence(f"{applicant.id}-site.png", "厂区照片", png(applicant.order)),
    )


def pdf(*lines: str) -> bytes:
    """Return a page with these lines, in Latin letters, which need no embedded font."""
    text = "".join(f"({line}) Tj T* " for line in lines)
    stream = f"BT /F1 14 Tf 18 TL 72 760 Td {text}ET".encode("ascii")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 6 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Font << /F1 5 0 R >> >>",
    )
    return _with_cross_references(objects)


def _with_cross_references(objects: tuple[bytes, ...]) -> bytes:
    """Join the objects; the table at the end gives the first byte of each (PDF 1.4, 3.4.3)."""
    body, starts = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    for number, content in enumerate(objects, start=1):
        starts.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    table += b"".join(b"%010d 00000 n \n" % start for start in starts)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(body))
    return body + table + trailer


def png(shade: int) -> bytes:
    """Return a plain square in a colour of its own."""
    row = b"\0" + bytes((30 + shade * 2 % 200, 140, 60)) * _SIDE
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(row * _SIDE, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
