"""Words by which organisations are recognised: the endings of their names, and the phrases around them."""

from __future__ import annotations

import re

from hushbeam.transforms.detect_pii.text.tokens import word_set

MEDICAL_FACILITY_WORDS = word_set(
    """
    hospital hospitals clinic clinics medical medicine health healthcare pharmacy pharmacies dental dentistry surgery
    hospice infirmary pediatrics cardiology oncology radiology orthopedics dermatology physicians
    """
)

ORGANISATION_ENDINGS = MEDICAL_FACILITY_WORDS | word_set(
    """
    bank insurance inc llc ltd limited corporation university college academy school elementary institute airlines
    mutual
    """
)

_BEFORE_COMPANY = re.compile(
    r"(?:for calling|welcome to|calling from|call from|you've reached|work(?:s|ed|ing)? (?:for|at)|bank(?:ing)? with|"
    r"insured with|employed by|here at|policy with|account with) $",
    re.IGNORECASE,
)
_LONGEST_ANNOUNCEMENT = 20
_BEHIND_COMPANY = re.compile(
    r"[,.]? (?:this is|thank you for|how (?:can|may)|you're speaking|you are speaking|my name|[^\W\d]+ speaking|"
    r"good (?:morning|afternoon|evening))",
    re.IGNORECASE,
)


def is_announced_company(text: str, start: int, end: int) -> bool:
    """Whether a name stands where a caller hears which company it is: `thank you for calling X`, `X, this is`."""
    if _BEFORE_COMPANY.search(text[:start][-_LONGEST_ANNOUNCEMENT:]):
        return True
    is_opening = "\n" in text[max(0, start - 2) : start] or not text[:start].strip()
    return is_opening and _BEHIND_COMPANY.match(text, end) is not None
