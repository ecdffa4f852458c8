"""Recogniser of personal attributes: nationality, religion, occupation, marital status and others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from hushbeam.transforms.detect_pii.names.words import is_common, is_never_name
from hushbeam.transforms.detect_pii.recogniser import Candidate, GrammarRecogniser
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.detect_pii.text.cues import lowered
from hushbeam.transforms.detect_pii.text.tokens import Terms, Token, cased_turns, read_terms, tokens_of, word_set

_LISTED = 0.85
_IN_CONTEXT = 0.9
_WITHOUT_CONTEXT = 0.55

# Words that are also something else in lower case: polish, turkey.
_NEED_CAPITAL = word_set("polish danish turkish indian jordanian guinean dutch swiss polish finnish")
_LANGUAGE_BEFORE = word_set("speak speaks speaking spoke into fluent language translate learn understand")
_LANGUAGE_BEHIND = word_set(
    "speaker speakers speaking interpreter translator translation language version subtitles lessons"
)

_LANGUAGE_REACH = 4

_NUMBER = r"(?:\d{1,3}|(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)(?: (?:hundred|foot|feet))?)"
_SPOKEN = r"(?:[a-z]+(?:[- ](?:and )?[a-z]+){0,4}?|\d{1,3})"
_COLOUR = (
    r"(?:purple|pink|blue|green|silver|sandy|fair|blonde?|brown|black|red|gr[ae]y|white|dark|"
    r"light|curly|long|short|straight|wavy|brunette|auburn|ginger)"
)
_SOME = (
    r"(?:(?:(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)[- ]?)?(?:one|two|three|four|five|six|seven|eight|"
    r"nine)|ten|eleven|twelve|[a-z]+teen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
)
# Where a group is named, it alone is the value, and the words around it only announce it.
_BY_PATTERN = {
    "money_amount": (
        rf"(?:an?|half a|couple of|few|{_SOME}) (?:tenner|fiver|grand|quid)s?(?! (?:piano|total|final|slam|jury|prix))",
        rf"(?:an?|{_SOME}) (?:and a half|half)[- ](?:k|grand|thousand|hundred|million)",
        rf"half a (?:million|mil|grand)|{_SOME} k\b",
    ),
    "marital_status": (
        r"(?:un|re)?married",
        r"divorced|divorc[eé]e|(?:my|our|his|her|the|a) divorce|getting (?:married|divorced|a divorce)",
        r"widow(?:ed|er)?|newly-?weds?|ex[- ]?(?:wife|husband|spouse)|estranged (?:wife|husband)|fianc[eé]e?",
        r"common[- ]law(?: (?:wife|husband|marriage|partner))?|domestic partner(?:ship|s)?",
        r"civil (?:union|partner(?:ship)?)|single (?:mother|mom|mum|father|dad|parent|man|woman)",
        r"(?:marital status(?: is|:)?|i'm|i am|she's|he's|we're|we are|legally) (?P<status>single|separated|engaged)"
        r"(?! (?:with|in|by|from|to get))",
    ),
    "gender": (
        r"(?:fe)?male|non-?binary|transgender(?:ed)?|trans (?:man|woman|male|female)|cis-?gender|a-?gender|intersex",
        r"gender ?(?:queer|fluid)|(?:sex|gender)(?: is|:) (?P<gender>\w+)",
        r"(?:i'm|i am|as|he's|she's|is) an? (?:\w+ )?(?P<person>man|woman|boy|girl|lady|guy)",
    ),
    "sexuality": (
        r"gay|lesbian|bisexual|bi-?curious|hetero-?sexual|homo-?sexual|pansexual|a-?sexual|demisexual|queer",
        r"same[- ]sex|(?:i'm|i am|he's|she's|identify as) (?P<straight>straight)"
        r"(?! (?:up|away|forward|from|to|through|out|back))",
    ),
    "zodiac_sign": (
        r"aries|taurus|gemini|virgo|libra|scorpio|sagittarius|capricorn|aquarius|pisces",
        r"(?:i'm|i am|he's|she's) an? (?P<sign>leo|cancer)",
        r"(?:star sign|zodiac(?: sign)?|sun sign|sign)(?: is|:)? (?:an? )?(?P<other_sign>leo|cancer)",
    ),
    "person_age": (
        r"(?:early|mid|late)[- ]?(?:teens|twenties|thirties|forties|fifties|sixties|seventies|eighties|nineties)",
        r"(?:my|his|her|your|their) (?P<birthday>(?:[a-z]+ty[- ])?(?:[a-z]+th|first|second|third)) birthday",
    ),
    "physical_attribute": (
        r"(?:slim|stocky|heavy|muscular|medium|average|slender|thin|large|small|athletic|big) (?:build|frame)|freckles|"
        r"freckled|dimples|dreadlocks|ponytail|goatee|shaved head|buzz ?cut|gap[- ]toothed|clean[- ]shaven|pierced \w+",
        r"(?:a|an|the|my|his|her) (?:\w+ )?(?:tattoo|birthmark|scar)"
        r"(?: (?:of|on|over|under|down|above) (?:\w+ ){1,3}\w+)?",
        rf"{_NUMBER} (?:foot|feet|ft)(?: {_NUMBER}(?: (?:inches|inch|in))?)?(?: tall)?"
        r"(?! (?:of|away|long|wide|deep|by|from))",
        rf"{_SPOKEN} (?:centi(?:meters|metres)|cm|inches|meters|metres) tall",
        r"(?:stand|stands|i'm|he's|she's) (?P<height>\d['’]\d{1,2})",
        rf"(?:(?:i|he|she|you|do you|husband|wife|son|daughter|baby) (?:weigh|weighs|weighed)|my weight is) "
        rf"(?:about |around )?"
        rf"(?P<weight>{_SPOKEN} (?:pounds|lbs|kilos|kilograms|kg|stone))",
        r"(?:blue|brown|green|hazel|gr[ae]y|black|dark|light) eye[sd]?|left[- ]handed|bald(?:ing)? (?:man|guy|head)",
        rf"{_COLOUR}(?: {_COLOUR})?[- ]hair(?:ed)?",
        rf"{_COLOUR} (?:beard|moustache|mustache|eyebrows)|stammer|stutter|wheelchair|crutches",
        r"(?:a|my|his|her) (?:beard|mustache|moustache|birthmark|tattoo|scar|limp)(?: \w+){0,3}? (?:on|across) "
        r"(?:my|his|her) \w+",
    ),
}
_PATTERNS = {
    policy: re.compile(rf"(?<![\w-])(?:{'|'.join(patterns)})(?![\w-])") for policy, patterns in _BY_PATTERN.items()
}

_DEGREES = (
    "retired|former|licensed|registered|certified|senior|junior|head|lead|chief|assistant|associate|freelance|deputy|"
    "part[- ]time|full[- ]time|self[- ]employed|professional|trained|practicing|qualified|principal|staff|vice"
)
_SOMEBODY_IS = r"i'm|i am|he's|he is|she's|she is|they're|was|were|is|became|become|being|as|my \w+'s"
_AGED = r"(?:[\w-]+[- ]){1,3}years?[- ]olds? "
_WORK = re.compile(
    rf"(?:\b(?:{_SOMEBODY_IS}) (?:an?|our|their) (?:{_AGED})?(?:(?:{_DEGREES}) )*"
    r"|\b(?:work(?:s|ed|ing)?|employed|hired|trained|qualified|promoted|retired) (?:as|to|from being) "
    rf"(?:an? |the |our |their )?(?:(?:{_DEGREES}) )*"
    r"|\b(?:job(?: title)?|occupation|profession|position|career|trade|role)(?: is| was|:|'s| as| of| in)"
    rf" (?:an? |the )?(?:(?:{_DEGREES}) )*)"
)
_ASKED_FOR_WORK = re.compile(
    r"\b(?:what (?:do|does|did) (?:you|he|she|they|your \w+) do\b|occupation|profession|job title|for a living|"
    r"line of work|"
    r"what(?:'s| is) (?:your|his|her) (?:job|role|position|title)|employment|where do you work|kind of work|employer)"
)
_ASKED_FOR_EMPLOYER = re.compile(
    r"\bwhere (?:do|does|did) (?:you|he|she|they|your \w+) work\b|\bwho (?:do|does|did) (?:you|he|she) work for\b|"
    r"\bemployer(?:'s name)?\b[^.\n]*\?"
)
_ANNOUNCES_WORK = re.compile(r"work|employed|hired|job|occupation|profession|position|career|trade|role")
# Everybody deals with these in calls: alone they say nothing about the caller.
_ROLES_IN_CALLS = word_set(
    """
    doctor nurse manager supervisor agent representative operator receptionist assistant engineer technician driver
    officer clerk secretary adviser advisor dentist vet pharmacist landlord teacher lawyer solicitor attorney host model
    guard student specialist consultant director president owner customer client worker member leader head chief
    partner associate trainer coach guide carrier courier builder plumber electrician judge counsel principal guest
    buyer seller player hand master editor producer author professor physician surgeon therapist counselor counsellor
    rep gp juror mechanic police professional expert analyst coordinator administrator helper volunteer caller
    speaker general
    """
)
_STOP = word_set(
    """
    and at for in on with from but so the a an of to who that which i he she we they my our your because since now then
    """
)
_LONGEST_TITLE = 3

_COMPANY_ENDINGS = word_set(
    """
    bank insurance incorporated inc llc ltd limited corporation corp company group holdings partners associates
    university college academy school elementary institute foundation airlines airways logistics industries solutions
    technologies systems construction motors pharmaceuticals credit union church ministries hospital clinic pharmacy
    mutual trust council foundry brewery bakery museum library theatre theater brothers farms estates
    homes housing logistics haulage software electronics energy utilities telecom media studios garage nursery surgery
    society federation institution laboratories labs ventures capital securities brokers recruitment consulting
    """
)
_MEDICAL_ENDINGS = word_set(
    "hospital clinic pharmacy hospice dental orthopedics pediatrics cardiology dermatology surgery infirmary"
)


class _Found(NamedTuple):
    policy: str
    start: int
    end: int
    score: float
    alternatives: tuple[str, ...] = ()


class PersonalTerms(GrammarRecogniser):
    name = "personal_terms"
    policies = frozenset(
        {
            "nationality",
            "language",
            "religion",
            "political_affiliation",
            "event",
            "occupation",
            "organization",
            "organization_medical_facility",
            *_BY_PATTERN,
        }
    )

    def load(self) -> None:
        self._terms = Terms(
            (term, policy)
            for policy, gazetteer in (
                ("event", "events"),
                ("political_affiliation", "political_affiliations"),
                ("religion", "religions"),
                ("nationality", "nationalities"),
                ("language", "languages"),
            )
            for term in sorted(read_terms(gazetteer))
        )
        self._occupations = Terms((term, "occupation") for term in sorted(read_terms("occupations")))

    def recognise(self, conversation: Conversation) -> Iterable[Candidate]:
        if conversation.language.code != "en":
            return
        tokens = tokens_of(conversation)
        cased = cased_turns(conversation, tokens)
        text = lowered(conversation.text)
        for found in (
            *self._listed(conversation, tokens, cased),
            *_matched(text),
            *self._jobs(conversation, tokens, text),
            *_companies(conversation, tokens, cased),
            *_employers(conversation, tokens, text),
        ):
            first_word, last_word = conversation.words_of(found.start, found.end)
            value = " ".join(text[found.start : found.end].split())
            yield Candidate(found.policy, first_word, last_word, found.score, self.name, value, found.alternatives)

    def _listed(self, conversation: Conversation, tokens: Sequence[Token], cased: Sequence[bool]) -> Iterator[_Found]:
        for first, last, policy in self._terms.find(tokens):
            token = tokens[first]
            is_cased = cased[conversation.turn_of(token.word)]
            is_proper = policy in ("nationality", "language", "religion", "event")
            if is_cased and is_proper and not token.is_capitalised and is_common(token.plain):
                continue
            if not is_cased and token.plain in _NEED_CAPITAL:
                continue
            following = tokens[last + 1] if last + 1 < len(tokens) else None
            if is_cased and following is not None and following.is_capitalised and following.before == " ":
                # American Express, Christian Johnson: part of another name.
                continue
            start, end = token.start, tokens[last].end
            if policy in ("nationality", "language"):
                is_language = _is_about_language(tokens, first, last) or (
                    policy == "language" and tokens[last].plain not in read_terms("nationalities")
                )
                is_both = tokens[last].plain in read_terms("languages")
                yield _Found(
                    "language" if is_language else "nationality",
                    start,
                    end,
                    _LISTED,
                    (("nationality" if is_language else "language"),) if is_both else (),
                )
            else:
                yield _Found(policy, start, end, _LISTED)

    def _jobs(self, conversation: Conversation, tokens: Sequence[Token], text: str) -> Iterator[_Found]:
        announced = {match.end(): match[0] for match in _WORK.finditer(text)}
        asked = [conversation.turn_of(conversation.word_at(m.start())) for m in _ASKED_FOR_WORK.finditer(text)]
        listed: set[int] = set()
        for first, last, policy in self._occupations.find(tokens):
            turn = conversation.turn_of(tokens[first].word)
            is_announced = any(tokens[at].start in announced for at in range(max(0, first - 1), last + 1))
            is_answer = any(0 < turn - question <= 2 for question in asked)
            listed.update(range(first, last + 1))
            if is_announced or is_answer:
                start = first
                while start > 0 and tokens[start].start not in announced and _describes(tokens, start - 1):
                    start -= 1
                yield _Found(policy, tokens[start].start, tokens[last].end, _IN_CONTEXT if is_announced else _LISTED)
            elif last > first or tokens[first].plain.removesuffix("s") not in _ROLES_IN_CALLS:
                yield _Found(policy, tokens[first].start, tokens[last].end, _WITHOUT_CONTEXT)
        for position, token in enumerate(tokens):
            # A title that is in no list, where nothing else could be meant: "I work as a grief coach".
            announcement = announced.get(token.start)
            if announcement is None or position in listed or not _ANNOUNCES_WORK.search(announcement):
                continue
            last = position
            while last + 1 < len(tokens) and last - position + 1 < _LONGEST_TITLE and _continues(tokens[last + 1]):
                last += 1
            if token.plain not in _STOP and not any(number in listed for number in range(position, last + 1)):
                yield _Found("occupation", token.start, tokens[last].end, _WITHOUT_CONTEXT)


def _is_about_language(tokens: Sequence[Token], first: int, last: int) -> bool:
    before = {token.plain for token in tokens[max(0, first - _LANGUAGE_REACH) : first]}
    behind = {token.plain for token in tokens[last + 1 : last + 2]}
    is_said_in = first > 0 and tokens[first - 1].plain == "in"
    return is_said_in or not _LANGUAGE_BEFORE.isdisjoint(before) or not _LANGUAGE_BEHIND.isdisjoint(behind)


def _describes(tokens: Sequence[Token], position: int) -> bool:
    token = tokens[position]
    return token.plain.isalpha() and token.plain not in _STOP and not tokens[position + 1].begins_clause


def _continues(token: Token) -> bool:
    return token.before == " " and token.plain.isalpha() and token.plain not in _STOP


def _matched(text: str) -> Iterator[_Found]:
    for policy, pattern in _PATTERNS.items():
        for match in pattern.finditer(text):
            group = match.lastgroup if match.lastgroup is not None else 0
            yield _Found(policy, match.start(group), match.end(group), _LISTED)


def _employers(conversation: Conversation, tokens: Sequence[Token], text: str) -> Iterator[_Found]:
    """The answer to a question for somebody's employer: `Where does he work?` `Peachtree Foundry.`"""
    asked = {conversation.turn_of(conversation.word_at(match.start())) for match in _ASKED_FOR_EMPLOYER.finditer(text)}
    position = 0
    while position < len(tokens):
        turn = conversation.turn_of(tokens[position].word)
        last = position
        if turn - 1 in asked and tokens[position].is_capitalised and not is_never_name(tokens[position].plain):
            while last + 1 < len(tokens) and tokens[last + 1].before in (" ", "-") and tokens[last + 1].is_capitalised:
                last += 1
            if last > position or not is_common(tokens[position].plain):
                yield _Found("organization", tokens[position].start, tokens[last].end, _WITHOUT_CONTEXT)
        position = last + 1


def _companies(conversation: Conversation, tokens: Sequence[Token], cased: Sequence[bool]) -> Iterator[_Found]:
    """`Harbor Bank`, `Lockwood Elementary`: capitals up to a word that companies end with."""
    for position, token in enumerate(tokens):
        if token.plain not in _COMPANY_ENDINGS or not token.is_capitalised or token.begins_sentence:
            continue
        if not cased[conversation.turn_of(token.word)]:
            continue
        first = position
        while (
            first > 0
            and tokens[first].before in (" ", " & ", "-")
            and (tokens[first - 1].is_capitalised or tokens[first - 1].plain in ("of", "and", "the"))
            and (not tokens[first - 1].begins_sentence or not is_common(tokens[first - 1].plain))
        ):
            first -= 1
        while first < position and not tokens[first].is_capitalised:
            first += 1
        if first < position:
            policy = "organization_medical_facility" if token.plain in _MEDICAL_ENDINGS else "organization"
            yield _Found(policy, tokens[first].start, token.end, _LISTED)
