"""German: numbers, identifiers, e-mail addresses and spelled words."""

from __future__ import annotations

from hushbeam.transforms.detect_pii.languages import number_phrases
from hushbeam.transforms.detect_pii.languages.language import Language, QuantityWords, in_order, vocabulary

_ONES = in_order("ein zwei drei vier fünf sechs sieben acht neun")
_TEENS = in_order("zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn")
_TENS = in_order("zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig")
_MONTHS = in_order("januar februar märz april mai juni juli august september oktober november dezember")
_PHRASES = number_phrases.german(_ONES, _TEENS, _TENS)


def _ordinals() -> dict[str, str]:
    """`erste` to `einunddreißigste`, in all their endings."""
    irregular = {1: "erst", 3: "dritt", 7: "siebt", 8: "acht"}
    stems = {value: irregular.get(value, f"{word}t") for value, word in enumerate((*_ONES, *_TEENS), 1)}
    stems |= {20: "zwanzigst", 30: "dreißigst"}
    stems |= {int(value): f"{word}st" for (word,), value in _PHRASES.items() if 20 < int(value) < 32}
    return {f"{stem}e{ending}": str(value) for value, stem in stems.items() for ending in ("", "n", "r", "s", "m")}


LANGUAGE = Language(
    code="de",
    digits={"null": "0", "eins": "1", "eine": "1", "zwo": "2"}
    | {word: str(value) for value, word in enumerate(_ONES, 1) if word != "ein"},
    teens={word: str(value) for value, word in enumerate(_TEENS, 10)},
    number_phrases=_PHRASES,
    tens={word: str(value * 10) for value, word in enumerate(_TENS, 2)} | {"dreissig": "30"},
    hundreds=frozenset({"hundert"}),
    thousands=frozenset({"tausend", "million", "millionen"}),
    repeats={"doppel": "2", "doppelt": "2", "zweimal": "2", "dreimal": "3"},
    ordinals=_ordinals(),
    one_letter_words=frozenset(),
    joiners=vocabulary("strich minus bindestrich punkt und schrägstrich dann"),
    fillers=vocabulary(
        "äh ähm also ja das ist die der den lautet moment mal okay ok genau sekunde warten sie noch glaube ich nochmal"
    ),
    hesitations=vocabulary("äh ähm also ja und dann das ist"),
    corrections=("nein entschuldigung", "entschuldigung", "nein", "korrektur", "moment", "falsch", "sorry"),
    backchannels=vocabulary(
        "ok okay ja gut genau alles klar danke weiter bitte mhm hm verstanden richtig perfekt prima einen moment sehr"
    ),
    interruptions=vocabulary("äh ähm moment"),
    symbols={
        "punkt": ".",
        "at": "@",
        "ät": "@",
        "klammeraffe": "@",
        "minus": "-",
        "bindestrich": "-",
        "strich": "-",
        "unterstrich": "_",
        "schrägstrich": "/",
        "plus": "+",
        "raute": "#",
        "stern": "*",
    },
    spelling_phrases=(("wie",), ("wie", "in")),
    months={month: number for number, month in enumerate(_MONTHS, 1)} | {"jänner": 1, "juno": 6, "julei": 7},
    weekdays=vocabulary("montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag"),
    articles=vocabulary("der den dem am"),
    date_links=frozenset({"."}),
    year_prepositions=vocabulary("seit jahr bis"),
    cues={
        "credit_card_cvv": (
            r"pr[üu]f(?:nummer|ziffer|code)",
            r"sicherheitscode",
            r"cvv",
            r"cvc",
            r"(?:drei|3) (?:ziffern|stellen) (?:auf|hinten)",
        ),
        "credit_card_expiration": (
            r"ablaufdatum",
            r"g[üu]ltig bis",
            r"g[üu]ltigkeit",
            r"verfallsdatum",
            r"l[äa]uft ab",
        ),
        "vehicle_id": (r"kennzeichen", r"fahrgestellnummer", r"nummernschild"),
        "drivers_license": (r"f[üu]hrerschein(?:nummer)?",),
        "passport_number": (r"(?:reise)?pass(?:nummer)?", r"reisepass"),
        "banking_information": (r"iban", r"kontonummer", r"bankleitzahl", r"\bblz\b", r"bankverbindung", r"bic"),
        "us_social_security_number": (r"sozialversicherungsnummer",),
        "healthcare_number": (
            r"versicherten(?:nummer|karte)",
            r"versichertennummer",
            r"krankenkassennummer",
            r"patientennummer",
        ),
        "date_of_birth": (r"geburtsdatum", r"geburtstag", r"geboren"),
        "location_zip": (r"postleitzahl", r"\bplz\b"),
        "password": (r"pass ?wort", r"kennwort", r"\bpin\b", r"best[äa]tigungscode", r"zugangscode", r"\btan\b"),
        "phone_number": (
            r"telefon(?:nummer)?",
            r"handy(?:nummer)?",
            r"mobil(?:nummer|funknummer)?",
            r"r[üu]ckrufnummer",
            r"festnetz(?:nummer)?",
            r"vorwahl",
            r"durchwahl",
            r"erreichen sie mich unter",
            r"faxnummer",
        ),
        "credit_card_number": (r"(?:kredit)?kartennummer", r"kreditkarte(?:nnummer)?", r"visa", r"mastercard"),
        "account_number": (
            (
                r"(?:kunden|vertrags|versicherungs|mitglieds|auftrags|bestell|rechnungs|vorgangs|schaden|buchungs|"
                r"referenz|policen|akten|z[äa]hler)nummer"
            ),
            r"aktenzeichen",
            r"kundenkonto",
        ),
        "card": (r"karte",),
        "code": (r"code",),
        "number_sequence": (
            r"personalausweis(?:nummer)?",
            r"steuer(?:nummer|-id| id|identifikationsnummer)",
            r"ausweisnummer",
        ),
    },
    quantities=QuantityWords(
        units={
            "money_amount": vocabulary("euro euros dollar cent franken"),
            "duration": vocabulary(
                "sekunden minuten stunden tage tagen wochen monate monaten jahre jahren jahr stunde minute"
            ),
            "statistics": vocabulary("prozent"),
            "": vocabulary(
                "personen mal kilometer meter kilo gramm milligramm grad stück einheiten punkte gigabyte uhr"
            ),
        },
        number_links=frozenset({"und"}),
        range_words=frozenset({"bis", "oder", "-"}),
        cents=frozenset({"cent"}),
        age_endings=(("alt",),),
        clause_starts=vocabulary("und aber heute jetzt"),
    ),
    mail_words=vocabulary("email mail mailadresse emailadresse"),
    address_leads=vocabulary("lautet adresse ist"),
    answer_leads=vocabulary("ja das ist die der lautet meine also äh gut"),
    interjections=vocabulary("ja gut okay danke genau und an"),
    greetings=vocabulary("hallo tag danke moin"),
    name_endings=(("am", "apparat"),),
    titles=vocabulary("herr herrn frau fraulein doktor doktorin dr professor prof"),
    asked_words={
        "person_name": vocabulary(
            "name namen nachname nachnamen vorname vornamen heißen heiße heißt buchstabieren buchstabiere"
        ),
        "location": vocabulary("adresse anschrift straße strasse stadt ort wohnort wohnen wohne"),
        "email_address": vocabulary("email mail mailadresse"),
        "username": vocabulary("benutzername benutzernamen"),
        "ip_address": frozenset({"ip"}),
        "url": vocabulary("website webseite internetseite"),
    },
    letter_words={
        "be": "B",
        "ce": "C",
        "zeh": "C",
        "de": "D",
        "eff": "F",
        "ge": "G",
        "geh": "G",
        "ha": "H",
        "jot": "J",
        "jott": "J",
        "ka": "K",
        "kah": "K",
        "el": "L",
        "ell": "L",
        "em": "M",
        "emm": "M",
        "en": "N",
        "enn": "N",
        "pe": "P",
        "ku": "Q",
        "kuh": "Q",
        "er": "R",
        "err": "R",
        "es": "S",
        "ess": "S",
        "te": "T",
        "tee": "T",
        "vau": "V",
        "fau": "V",
        "we": "W",
        "weh": "W",
        "ix": "X",
        "ypsilon": "Y",
        "zet": "Z",
        "zett": "Z",
        "eszett": "ß",
    },
    at_homophones=vocabulary("et ed ad"),
    spelling_cues=vocabulary("buchstabieren buchstabiere buchstabiert buchstabieren buchstaben buchstabe"),
    spelling_links=vocabulary("und dann bindestrich strich"),
    letter_marks=vocabulary("umlaut großes kleines"),
)
