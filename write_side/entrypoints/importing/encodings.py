"""In which encoding a text is, where nobody said."""

import codecs

from charset_normalizer import from_bytes

from write_side.entrypoints.importing.faults import BadFile

UTF8 = "utf-8-sig"
"""UTF-8, with or without a byte order mark."""
WESTERN = "cp1252"
"""Preferred where several encodings read the same out of it."""
_MARKS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"))
_ALL_MARKS = (*_MARKS, (codecs.BOM_UTF16_BE, "utf-16"), (codecs.BOM_UTF8, UTF8))


def detect(sample: bytes, *, is_whole: bool) -> str:
    """The encoding of a text that begins so. Raises BadFile where it is none."""
    for mark, name in _ALL_MARKS:
        if sample.startswith(mark):
            return name
    if _is_utf8(sample, is_whole=is_whole) or _is_mostly_utf8(sample):
        return UTF8
    if b"\0" in sample:
        raise BadFile("this is no text: import a CSV file (.csv, .csv.gz) or a workbook (.xlsx)")
    found = from_bytes(sample[:65_536]).best()
    if found is None:
        raise BadFile("its encoding cannot be told: say it in the mapping, such as encoding = 'cp1252' under [file]")
    return WESTERN if WESTERN in found.could_be_from_charset else str(found.encoding)


def _is_utf8(sample: bytes, *, is_whole: bool) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample, is_whole)
    except UnicodeDecodeError:
        return False
    return True


def _is_mostly_utf8(sample: bytes) -> bool:
    """True when most lines beyond ASCII are UTF-8: then the others are bad rows, instead of the good ones wrong."""
    beyond = [line for line in sample.splitlines()[:-1] if not line.isascii()]
    good = sum(_is_utf8(line, is_whole=True) for line in beyond)
    return good * 2 > len(beyond)
