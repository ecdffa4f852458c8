"""English cues: phrases that ask for personal data or announce it, with common misrecognitions."""

from __future__ import annotations

from collections.abc import Mapping

# What comes before "number", "ID" and the like, to the question whose number it is.
_REFERENCE = (
    "account|acct|customer|client|member(?:ship)?|subscriber|user|policy|policyholder|plan|case|claims?|ticket|order|"
    "reference|ref|confirmation|invoice|tracking|booking|reservation|loan|mortgage|contract|file|incident|transaction|"
    "receipt|loyalty|rewards?|frequent fl[iy]er|employee|staff|student|badge|meter|request|warranty|registration|"
    "application|certificate|docket|report|crime|shipment|parcel|delivery|return|rma|quote|agreement|bill|payroll|"
    "personnel|agent|advisor|investor|brokerage|roll|matriculation|candidate|card ?holder|library card|fund|pension|"
    "utility|service|work order|purchase order|gift card|voucher|coupon|store credit"
)
_HEALTH = (
    r"insurance|medicare|medicaid|health(?: ?care| plan| insurance| card)?|n\.? ?h\.? ?s\.?|medical(?: record)?|"
    r"patient|chart|prescription|rx|hospital|beneficiary|group|dental|vision|pharmacy|bin|pcn"
)
_NUMBER = r"(?: ?(?:number|numbers|no\.?|num|id|i\.d\.|identification|identifier|code|#))"

CUES: Mapping[str, tuple[str, ...]] = {
    "credit_card_cvv": (
        r"(?:card )?(?:security|safety) (?:code|number)s?",
        r"cvv ?2?",
        r"cvc ?2?",
        r"c\.? ?v\.? ?[vcn2]\b\.?",
        r"cvn\b",
        r"\bcsc\b",
        r"\bcid\b",
        r"card (?:verification|validation|identification)(?: code| value| number)?",
        r"verification (?:value|code|number) on the (?:back|front)",
        (
            r"(?:last )?(?:three|3|four|4)[- ](?:little |small |tiny )?(?:digits?|numbers?)(?: security|"
            r" verification)?(?: code| number)?(?: that(?:'s| is| are)| printed)? (?:on|at|from) the (?:back|"
            r"front|reverse|rear|signature|other side)"
        ),
        r"(?:last )?(?:three|3)[- ](?:little |small |tiny )?(?:digit|number)s?(?: security)? (?:code|number)",
        r"(?:last )?(?:three|3) (?:little |small |tiny )?digits",
        r"(?:three|3|four|4|last three) (?:numbers )?on the back",
        r"(?:code|number|numbers|digits) on the (?:back|reverse|rear|other side|flip side)",
        r"back of (?:the|your|my|that|it)\b(?: card)?",
        r"signature (?:strip|panel|line|box)",
        r"on the (?:back|reverse|flip side)\b",
        r"(?:turn|flip|flipping|turning) (?:it|the card|your card|that) over",
        r"verification (?:number|digits)",
        r"card code",
    ),
    "credit_card_expiration": (
        r"expir(?:y|ation|es|e|ed|ing)\b(?: date)?",
        r"\bexp\b\.?(?: date)?",
        r"valid (?:thru|through|until|till|to|from|up to)",
        r"good (?:thru|through|until|till|to)",
        r"exploration date",
        r"expert date",
        r"inspiration date",
        r"expedition date",
        r"(?:does|will|do) (?:it|the card|that card|your card|that one) (?:run out|end|go out)",
        r"runs? out(?: in| on)?",
        r"(?:it|card|one) (?:runs|lasts|is good|works|lapses)(?: until| till| through| to| up to| in)?",
        r"laps(?:e|es|ed|ing)\b",
        r"until when",
        r"(?:goes|going) (?:until|till|through)",
        r"(?:card|it|one) (?:still )?in date",
        r"(?:what|which|the) date (?:is |does it have )?(?:printed |stamped )?on (?:it|there|the front|that|this)",
        r"running out",
        r"end date",
        r"month and (?:the )?year",
        r"date (?:is )?on (?:the|your|that|this) (?:card|front)",
        r"card(?:'s)? date",
        r"through date",
        r"thru date",
    ),
    "vehicle_id": (
        r"licen[sc]e plates?(?: number)?",
        r"licen[sc]e played",
        r"number plates?",
        r"plate(?: number)?\b",
        r"tag number",
        r"(?:the|your|my|its) tag\b",
        r"v\.? ?i\.? ?n(?: number)?\b",
        r"vehicle (?:identification|id|registration)(?: number)?",
        r"car registration",
        r"registration (?:plate|mark)",
        r"chassis number",
        r"(?:the|my|your|its|vehicle|car) reg\b",
        r"serial number",
    ),
    "drivers_license": (
        r"driv(?:er|ers|er's|ing)'? ?licen[sc]e?s?(?: number| id| no)?",
        r"licen[sc]e number",
        r"driver'?s? id",
        r"dl number",
        r"\bd\.?l\.?(?: number)? (?:is|number)",
        r"state id(?: number| card)?",
        r"learner'?s? permit",
    ),
    "passport_number": (r"passports?(?: number| no| card| id)?",),
    "banking_information": (
        r"(?:routing|rooting|rounding|transit|aba|institution)(?: and transit)?(?: transit)? ?(?:number|code)",
        r"routing\b",
        r"\baba\b",
        r"i[- ]?bans?\b",
        r"i\.? ?b\.? ?a\.? ?n\b",
        r"eye ?ban\b",
        r"sort ?code",
        r"swift(?: code)?",
        r"bic(?: code)?",
        r"bsb(?: number)?",
        r"branch (?:code|number)",
        r"bank(?:ing)? account(?: number| details)?",
        r"(?:checking|chequing|savings|current) account(?: number)?",
        r"bank details",
    ),
    "us_social_security_number": (
        (
            r"(?:last (?:four|4)(?: digits| numbers)?(?: of| on| from| for)? )?(?:your |my |the |his |"
            r"her )?(?:full )?(?:social security(?: number| card)?|s\.?s\.?n\b\.?|"
            r"socials?(?: number)?\b(?! (?:media|work|worker|service|event|distanc|care|life|network|club|studies|"
            r"science|skills))|socialist(?= \d))"
        ),
        r"(?:individual )?tax(?:payer)? id(?:entification)?(?: number)?",
        r"\bi ?tin\b",
    ),
    "healthcare_number": (
        rf"(?:{_HEALTH})(?: (?:member(?:ship)?|policy|plan|card|record|group|subscriber|account))?{_NUMBER}",
        r"medical records?",
        r"\bm\.?r\.?n\b",
        r"\bnpi\b",
        r"\bdea number",
        r"medicare (?:card|claim)",
        r"medicaid",
        r"n\.? ?h\.? ?s\b",
        r"member(?:ship)? (?:id|i\.d\.|identification)(?: number)?",
        r"(?:insurance|health) card",
    ),
    "date_of_birth": (
        r"dates? of births?",
        r"birth ?dates?",
        r"birth ?days?\b",
        r"\bd\.? ?o\.? ?b\b\.?",
        r"born(?: on| in)?\b",
        r"year of birth",
        r"birth year",
        r"day to birth",
    ),
    "location_zip": (
        r"zip(?:s| ?codes?)?\b",
        r"post(?:al)? ?codes?",
        r"pin code for (?:the|your) area",
    ),
    "password": (
        r"pass ?codes?",
        r"passwords?",
        r"pass ?phrases?",
        r"\bpins?\b(?: numbers?| codes?)?",
        r"one[- ]time (?:code|password|pass ?code|pin)",
        r"\botp\b",
        r"o\.t\.p",
        (
            r"(?:verification|access|authentication|authorization|authorisation|activation|confirmation|unlock|"
            r"reset|recovery|backup|two[- ]factor|2fa|gate|door|alarm|entry|lock ?box|garage|buzzer|voicemail|"
            r"telephone banking|login) (?:code|pin|number)"
        ),
        (
            r"(?:texted|sent|emailed|sending|texting|send|text|gave|received|got) (?:you |me |us )?(?:a|the|that|"
            r"another) (?:new )?(?:\w+[- ]digit )?(?:\w+ )?code"
        ),
        r"(?:four|4|five|5|six|6|eight|8)[- ]digit (?:code|pin|number)",
    ),
    "phone_number": (
        (
            r"(?:phone|telephone|cell(?: ?phone)?|mobile(?: phone)?|contact|call ?back|home|work|office|fax|"
            r"land ?line|whatsapp|daytime|evening|direct|emergency|alternate|alternative|best|good|his|her|their|"
            r"other|another)(?: contact)? (?:number|line|no\b)"
        ),
        r"(?:tele)?phones?\b",
        r"mobile\b",
        r"\bcell\b",
        r"land ?line",
        r"\bfax\b",
        r"whatsapp",
        r"area code",
        r"caller id",
        (
            r"(?:call|ring|phone|dial|text|reach|contact|message|get (?:hold of )?)(?: back)? ?(?:me|you|us|him|"
            r"her|them|back)?(?: back| directly| direct)? (?:on|at)\b"
        ),
        r"call(?:ing)? (?:you )?from",
        (
            r"numbers?(?: where)? (?:to|can|i can|we can|for|are you|that|you|you're)(?: you| we|"
            r" i)? ?(?:best )?(?:reach|call|contact|calling|called)\w*"
        ),
        r"(?:my|your) (?:number|line)\b",
        r"\bext(?:ension)?\b\.?",
        r"\bdial\b",
        r"call me\b",
        r"text me\b",
        r"reach (?:me|you)",
    ),
    "credit_card_number": (
        (
            r"(?:credit|debit|bank|visa|master ?card|amex|american express|discover|payment|charge|"
            r"prepaid)? ?card(?: number| no\b| details| info(?:rmation)?)"
        ),
        r"car[dt]? number",
        r"long (?:card )?number",
        r"number on the (?:front|card)",
        r"(?:sixteen|16|fifteen|15)[- ]digits?",
        r"card ending(?: in| with)?",
        r"(?:ending|ends|finishing|finishes) (?:in|with)",
        r"(?:card|one)s?(?: that| which)? (?:ends|ending|finishes|finishing)\b",
        r"visa\b",
        r"master ?card",
        r"amex",
        r"american express",
        r"(?:credit|debit) cards?",
    ),
    "account_number": (
        r"(?:ac)?count number",
        r"a count number",
        r"account(?: that| which)? (?:ends|ending|finishes|finishing)\b(?: in| with)?",
        r"accounts?(?= (?:number|is|\d|zero|double|oh))",
        rf"(?:{_REFERENCE})(?:'s)?{_NUMBER}",
        r"(?:p\.?n\.?r|record locator|confirmation|booking reference|reference|tracking)\b",
        (
            r"(?:policy|claim|case|ticket|order|invoice|member|customer|account|contract|reference|"
            r"loan)(?= (?:is )?(?:\d|[a-z][- ]\d|[a-z] [a-z] ))"
        ),
    ),
    "card": (r"cards?\b",),
    "code": (r"\bcodes?\b",),
    "ip_address": (
        r"i\.?p\.?(?: address)?\b",
        r"mac address",
        r"subnet",
        r"default gateway",
    ),
    "number_sequence": (
        r"national insurance(?: number)?",
        r"n\.? ?i\.? number",
        r"\bnino\b",
        r"employer id\w*",
        r"e\.? ?i\.? ?n\b",
        r"vat number",
        r"\bimei\b",
        r"green card",
        r"alien (?:registration )?number",
        r"a[- ]number",
        r"national id(?:entity)?(?: card| number)?",
        r"identity card",
        r"\bid (?:number|card)",
        r"identification number",
        r"aadhaar",
        r"\bpan (?:number|card)",
        r"medallion",
        r"\bsin number",
        r"tax file number",
        r"\btfn\b",
        r"\babn\b",
        r"permit number",
        r"visa number",
        r"license key",
        r"product key",
        r"router number",
        r"model number",
        r"\bdigits\b",
        r"\bwhat number\b",
        r"\bthe number\b",
        r"\bthat number\b",
        r"\bnumbers? (?:is|are)\b",
        r"(?:begins|begin|starts|start|beginning|starting) (?:with|in)\b",
    ),
}
"""Kinds of number by policy, the most specific first. `card` and `code` are vague: what stands beside them decides."""
