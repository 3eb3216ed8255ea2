"""Files of articles for tests: pages of newspapers, and PDFs written by hand."""

import tomllib
from pathlib import Path
from typing import Any

PAGES = Path(__file__).parent / "data" / "pages"


def read_pages() -> list[dict[str, Any]]:
    """Return what each page says, and the rest of it."""
    pages: list[dict[str, Any]] = tomllib.loads((PAGES / "pages.toml").read_text("utf-8"))["page"]
    return pages


def read_page(name: str) -> bytes:
    """Return a page."""
    return (PAGES / f"{name}.html").read_bytes()


def write_pdf(pages: list[list[str]], title: str = "") -> bytes:
    """Return a PDF with lines of text in Helvetica, in WinAnsi's letters alone."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    kids = []
    for lines in pages:
        shown = b" T* ".join(b"(" + _escape(line) + b") Tj" for line in lines)
        stream = b"BT /F1 11 Tf 14 TL 60 760 Td " + shown + b" ET"
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
        kids.append(len(objects) + 1)
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R"
            b" /Resources << /Font << /F1 3 0 R >> >> >>" % len(objects)
        )
    references = b" ".join(b"%d 0 R" % kid for kid in kids)
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (references, len(kids))
    objects.append(b"<< /Title (%s) /CreationDate (D:20261102080000Z) >>" % _escape(title))
    written = b"%PDF-1.4\n"
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    head = b"xref\n0 %d\n0000000000 65535 f \n" % size
    trailer = b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\n" % (size, len(objects))
    return written + head + table + trailer + b"startxref\n%d\n%%%%EOF\n" % len(written)


def _escape(line: str) -> bytes:
    return line.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
