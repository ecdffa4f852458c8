"""Everyday words, which identify nobody and nothing."""

from __future__ import annotations

from hushbeam.transforms.detect_pii.text.tokens import read_terms, word_set

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


def is_common(word: str) -> bool:
    """Whether it is an everyday word, names that are also words included. `word` is plain."""
    words = read_terms("common_words")
    return word in words or ("'" in word and word.split("'", maxsplit=1)[0] in words)


def is_everyday(word: str) -> bool:
    """Whether a word identifies nobody and nothing: `mondays`, `okay`. `word` is plain."""
    return any(is_common(form) or form in _NEVER for form in (word, word.removesuffix("s")))
