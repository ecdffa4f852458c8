"""Word lists for names of people and places, and questions that they answer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from hushbeam.transforms.detect_pii.text.tokens import Token, read_terms, word_set

# Words before a name that are part of it.
TITLES = word_set(
    """
    mr mrs ms miss mx mister missus doctor dr professor prof reverend rev pastor rabbi imam nurse officer sergeant
    lieutenant captain colonel judge justice senator councillor congressman detective inspector dame auntie
    """
)
# Titles that have no other meaning.
SURE_TITLES = frozenset({"mr", "mrs", "ms", "mx", "mister", "missus", "dr", "prof"})
SUFFIXES = frozenset({"jr", "sr", "junior", "senior", "md", "phd", "esq", "esquire"})
PARTICLES = word_set("de da do dos das del della di du la le van von der den ter ten bin ibn al el abu st san o mac mc")

# Words that models mistake for names: products, days and months, the spelling alphabet, forms of address.
_NEVER = word_set(
    """
    siri alexa cortana bixby google facebook instagram whatsapp twitter snapchat tiktok youtube netflix amazon ebay
    paypal venmo zelle uber lyft airbnb spotify skype zoom gmail yahoo outlook hotmail apple microsoft windows android
    iphone ipad samsung playstation nintendo visa mastercard amex maestro covid medicare medicaid
    monday tuesday wednesday thursday friday saturday sunday january february march july september october november
    december christmas easter thanksgiving halloween ramadan diwali hanukkah
    alpha bravo delta echo foxtrot golf hotel kilo lima papa quebec tango uniform whiskey xray yankee zulu
    sir maam ma'am mom mum dad mommy daddy mama grandma grandpa honey sweetie dear darling buddy dude guys folks
    yeah yep yup yes nope nah okay ok uh um hmm mhm huh oh ah wow ha hey hi hello bye goodbye thanks please sorry
    hiya howdy ouch oops whoops yikes cheers righto ta ugh phew hurray hooray blimey
    awesome perfect great good fine sure right alright exactly correct absolutely definitely certainly wonderful
    excellent amazing fantastic unfortunately lovely cool nice god jesus christ lord gosh jeez goodness damn hell
    wifi bluetooth internet ethernet router modem pdf usb hdmi gps atm pin cvv cvc ssn dob vin ip iban nhs
    maiden surname id url www http https html com net org app apps email sms faq ceo cfo hr it pc tv dvd cd llc inc
    ltd corp am pm etc
    """
)


# Shorter words in capitals are abbreviations, or letters that were spelled.
_SHORTEST_IN_CAPITALS = 4


# Names that are as often a month, or explain a letter.
_RATHER_SOMETHING_ELSE = word_set("april may june august charlie mike oscar victor romeo juliet juliett sierra india")


@cache
def given_names() -> frozenset[str]:
    return read_terms("given_names")


@cache
def all_names() -> frozenset[str]:
    return read_terms("given_names") | read_terms("surnames")


def is_never_name(word: str) -> bool:
    """Whether a word is not a name even if a model says so. `word` is plain."""
    return word in _NEVER


def is_rather_something_else(word: str) -> bool:
    """Whether a name is as often a month or a word of the spelling alphabet. `word` is plain."""
    return word in _RATHER_SOMETHING_ELSE


def is_common(word: str) -> bool:
    """Whether it is an everyday word, names that are also words included. `word` is plain."""
    words = read_terms("common_words")
    return word in words or ("'" in word and word.split("'", maxsplit=1)[0] in words)


def is_everyday(word: str) -> bool:
    """Whether a word identifies nobody and nothing: `mondays`, `okay`. `word` is plain."""
    return any(is_common(form) or is_never_name(form) for form in (word, word.removesuffix("s")))


def may_be_name(token: Token, is_cased: bool) -> bool:
    """Whether a word could be (part of) a name where one is expected.

    Args:
      token: The word.
      is_cased: Whether the text around it uses capital letters, so that their absence means something.
    """
    word = token.plain
    if len(word) < 2 or not word[0].isalpha() or is_never_name(word):
        return False
    if is_cased and (not token.is_capitalised or (token.text.isupper() and len(word) < _SHORTEST_IN_CAPITALS)):
        return False
    return not is_common(word) or (word in all_names() and is_cased and not token.begins_sentence)


def name_value(tokens: Sequence[Token]) -> str:
    """A name as it is compared: lower case, without titles, suffixes and initials."""
    words = [token.plain for token in tokens]
    core = [word for word in words if len(word) > 1 and word not in TITLES and word not in SUFFIXES]
    return " ".join(core or words)


def place_policy(name: str) -> str:
    """Country, state or city, by the gazetteers. `name` is plain."""
    if name in read_terms("countries"):
        return "location_country"
    return "location_state" if name in read_terms("states") else "location_city"
