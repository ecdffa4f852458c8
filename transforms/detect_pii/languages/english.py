"""English grammar, as spoken in North America, Britain, Ireland, India and Australia."""

from __future__ import annotations

from hushbeam.transforms.detect_pii.languages.english_cues import CUES
from hushbeam.transforms.detect_pii.languages.language import Language, QuantityWords, in_order, vocabulary

_ONES = in_order("one two three four five six seven eight nine")
_TEENS = in_order("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
_TENS = in_order("twenty thirty forty fifty sixty seventy eighty ninety")
_MONTHS = in_order("january february march april may june july august september october november december")
_ORDINAL_ONES = in_order("first second third fourth fifth sixth seventh eighth ninth")
_ORDINAL_TEENS = in_order(
    "tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth"
)
_ORDINAL_TENS = in_order("twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth")

_PLURAL_THINGS = vocabulary("""
    people persons person times time items item boxes box pieces piece units degrees miles mile kilometers kilometres
    feet foot inches inch yards meters metres centimeters centimetres millimeters acres gallons liters litres ounces
    milligrams milligram mg grams gram kilograms kilogram kg kilos ml milliliters cc mcg micrograms lbs
    tablets tablet pills capsules doses dose puffs drops refills tablespoons teaspoons
    gigabytes gigabyte gigs gig megabytes gb mb megabits mbps kilowatts kwh watts volts amps hertz terabytes tb
    points stars rooms bedrooms beds seats guests adults children kids tickets bags calls messages emails letters
    pages lines lights bars steps floors stories options questions copies orders customers employees members
    users devices phones lines channels cards accounts claims policies trips flights stops nights passengers cars
    vehicles doors windows chairs tables shirts pairs sets kinds types ways sites places others characters digits
    numbers bottles cans packs cases crates pallets parcels packages trucks units square cubic horsepower calories
    blocks shares votes students classes credits followers reviews volts copies samples
    """)

_QUANTITIES = QuantityWords(
    units={
        "money_amount": vocabulary(
            """
            dollars dollar bucks buck cents cent pounds quid pence euros euro rupees pesos yen francs usd gbp eur
            grand
            """
        ),
        "statistics": frozenset({"percent", "percentage", "per"}),
        "duration": vocabulary("""
            seconds second minutes minute mins min hours hour hrs days day weeks week months month years year decades
            nights night business working
            """),
        "": _PLURAL_THINGS,
    },
    unit_modifiers=frozenset({"business", "working", "calendar"}),
    fraction_words=frozenset({"-", "and", "A", "half"}),
    number_links=frozenset({"and"}),
    range_words=frozenset({"to", "or", "-"}),
    rate_words=frozenset({"A", "an", "per", "each", "every"}),
    rate_adverbs=vocabulary("monthly weekly yearly annually hourly pcm pw pa"),
    weight_words=vocabulary("weigh weighs weighed weighing weight lost gained lose gain lift"),
    ordinal_endings=frozenset({"st", "nd", "rd", "th", "s", "S"}),
    cents=vocabulary("cents cent pence P"),
    amount_nouns=vocabulary("""
        copay co pay copy deposit balance total price cost costs fee fees amount charge charges salary income premium
        rent refund payment payments bill deductible subtotal excess quote quoted estimate bid invoice surcharge fare
        owe owed worth paid tax discount rate credit limit fine
        tip
        """),
    amount_links=vocabulary("""
        is was of be are at around about just only comes come to for will would roughly approximately : - now you
        """),
    age_announcements=vocabulary("aged age turned turning turns im hes shes"),
    age_people=vocabulary("I he she hell shell ill"),
    age_verbs=vocabulary("am is was be will been turn would"),
    age_adverbs=vocabulary("almost nearly just about only barely now already around still over under"),
    relatives=vocabulary(
        """
        brother sister son daughter mother mum mom father dad husband wife partner girlfriend boyfriend grandson
        granddaughter grandmother grandfather nan gran grandma grandpa nephew niece cousin uncle aunt boy girl baby
        patient man woman lady friend
        """
    ),
    age_endings=(("old",), ("of", "age"), ("young",)),
    age_questions=(("how", "old"), ("your", "age"), ("his", "age"), ("her", "age"), ("their", "age"), ("and", "age")),
    clock_prepositions=vocabulary("at by around before after from"),
    hour_prepositions=vocabulary("at by around before after"),
    clock_fractions=frozenset({"half", "quarter"}),
    clock_relations=vocabulary("past to till after of before"),
    clock_names=frozenset({"noon", "midnight"}),
    halves_of_day=frozenset({"am", "pm", "oclock"}),
    clause_starts=vocabulary("and but on so now today last this next in when because or"),
)

LANGUAGE = Language(
    code="en",
    digits={"zero": "0", "oh": "0", "nought": "0", "naught": "0", "nil": "0"}
    | {word: str(value) for value, word in enumerate(_ONES, 1)}
    | {"niner": "9"},
    teens={word: str(value) for value, word in enumerate(_TEENS, 10)},
    tens={word: str(value * 10) for value, word in enumerate(_TENS, 2)} | {"fourty": "40"},
    hundreds=frozenset({"hundred", "hundreds"}),
    thousands=frozenset({"thousand", "million", "billion"}),
    repeats={"double": "2", "triple": "3", "treble": "3", "quadruple": "4"},
    ordinals={word: str(value) for value, word in enumerate(_ORDINAL_ONES, 1)}
    | {word: str(value) for value, word in enumerate(_ORDINAL_TEENS, 10)}
    | {word: str(value * 10) for value, word in enumerate(_ORDINAL_TENS, 2)},
    one_letter_words=frozenset({"A", "I"}),
    joiners=frozenset({"dash", "hyphen", "minus", "slash", "dot", "point", "space", "stroke", "then", "and"}),
    fillers=vocabulary("""
        uh um er erm ah eh hmm hm mm mhm so well okay ok like right yeah yes yep let me see its it is thats that the
        next again just sorry wait hold on one moment second i think there we go sec please hang lets oh
        """),
    hesitations=vocabulary("uh um er erm and then yes yeah ok okay its so sure thats that is it would be says well"),
    corrections=(
        "no sorry",
        "sorry",
        "no wait",
        "wait no",
        "wait",
        "actually",
        "correction",
        "i mean",
        "make that",
        "scratch that",
        "no its",
        "excuse me",
        "my mistake",
        "let me start over",
        "not",
        "no",
        "rather",
    ),
    backchannels=vocabulary("""
        okay ok yeah yes yep yup uh huh mhm mm hmm right sure go ahead got it alright all thank you thanks perfect great
        good one moment second sec please carry on continue so far i see and next then im with ready correct
        keep going sorry of course absolutely wonderful lovely cool noted understood hang hold just a the rest uh um
        thats fine good yes whenever youre
        """),
    symbols={
        "dot": ".",
        "period": ".",
        "point": ".",
        "at": "@",
        "underscore": "_",
        "dash": "-",
        "hyphen": "-",
        "minus": "-",
        "slash": "/",
        "plus": "+",
        "hash": "#",
        "hashtag": "#",
        "star": "*",
        "asterisk": "*",
        "ampersand": "&",
        "dollar": "$",
        "colon": ":",
        "exclamation": "!",
    },
    spelling_phrases=(("as", "in"), ("is", "in"), ("like",), ("for",), ("as",), ("in",)),
    months={month: number for number, month in enumerate(_MONTHS, 1)}
    | {month[:3]: number for number, month in enumerate(_MONTHS, 1) if month not in ("may", "march")}
    | {"sept": 9},
    weekdays=vocabulary("monday tuesday wednesday thursday friday saturday sunday"),
    articles=frozenset({"the"}),
    date_links=frozenset({"of", "day", "in"}),
    interruptions=vocabulary("uh um er erm let me see"),
    year_prepositions=frozenset(
        {"in", "since", "of", "until", "till", "from", "year", "by", "during", "before", "after", "back"}
    ),
    cues=CUES,
    at_homophones=frozenset({"add", "ad"}),
    mail_words=vocabulary("email emails mail emailed gmails"),
    page_words=vocabulary(
        "website site online page us visit go log web portal available it find order store shop look check"
    ),
    address_leads=vocabulary("its thats address addresses id contact repeat"),
    address_nouns=vocabulary("address it that one mine which here this username name id"),
    answer_leads=vocabulary(
        "its it is thats that yes yeah yep sure okay ok um uh er so well oh and my the alright of course hi"
    ),
    copulas=frozenset({"is"}),
    interjections=vocabulary(
        "yes yeah yep sure okay ok um uh er well alright hi hello thanks right correct perfect to and"
    ),
    asked_words={
        "person_name": vocabulary(
            "name names surname initials maiden called speaking spell spelled spelling spelt mister mr mrs ms"
        ),
        "location": vocabulary(
            "address addresses location street road avenue city town suburb county village postcode"
        ),
        "email_address": vocabulary("email mail"),
        "username": vocabulary("username login handle"),
        "vehicle_id": vocabulary("reg registration plate"),
        "url": vocabulary("website webpage url visit"),
    },
    veto_cues=vocabulary("""
        version room rooms press option model flight channel page chapter floor gate section form route highway
        interstate exit error windows level step platform terminal bus train size volume article paragraph season
        episode grade class type phase stage track lane aisle row seat table bay dock zone warehouse building
        rule ios android python rev revision series top about around approximately roughly nearly almost over under
        within than least most extra another every
        """),
    quantities=_QUANTITIES,
    spelling_links=vocabulary("then and dash hyphen uh um capital uppercase lowercase small"),
    digit_announcements=vocabulary("number digit numeral figure"),
    titles=vocabulary("mr mrs ms miss mx mister missus doctor dr professor prof reverend sir madam dame"),
    greetings=vocabulary("hi hello hey thanks bye goodbye morning afternoon evening"),
    name_endings=(("speaking",),),
    spelling_cues=vocabulary("spell spelled spelling spelt spells letters letter"),
    letter_words={
        "ay": "A",
        "hey": "A",
        "be": "B",
        "bee": "B",
        "see": "C",
        "sea": "C",
        "si": "C",
        "dee": "D",
        "de": "D",
        "ee": "E",
        "he": "E",
        "ef": "F",
        "eff": "F",
        "gee": "G",
        "aitch": "H",
        "age": "H",
        "eye": "I",
        "jay": "J",
        "kay": "K",
        "okay": "K",
        "el": "L",
        "ell": "L",
        "hell": "L",
        "em": "M",
        "am": "M",
        "en": "N",
        "an": "N",
        "and": "N",
        "in": "N",
        "end": "N",
        "oh": "O",
        "owe": "O",
        "pee": "P",
        "pea": "P",
        "queue": "Q",
        "cue": "Q",
        "are": "R",
        "our": "R",
        "ar": "R",
        "or": "R",
        "ess": "S",
        "as": "S",
        "is": "S",
        "tea": "T",
        "tee": "T",
        "you": "U",
        "vee": "V",
        "we": "V",
        "ex": "X",
        "why": "Y",
        "wye": "Y",
        "zee": "Z",
        "zed": "Z",
        "said": "Z",
    },
    spelling_alphabet={
        word: word[0].upper()
        for word in in_order(
            """
            alpha alfa bravo charlie delta echo foxtrot golf hotel india juliet juliett kilo lima mike november
            oscar papa
            """
            "quebec romeo sierra tango uniform victor whiskey whisky xray yankee zulu"
        )
    },
    abbreviations=vocabulary(
        "mr mrs ms dr st rd nd th ln ct pkwy blvd hwy vs mm hmm mhm shh psst ft lb lbs kg km cm mg ml hr hrs mph pm am "
        "tv pt qt oz sq nr jr sr phd tbsp tsp gb mb tb kb hz khz mhz ghz www https http"
    ),
    acronyms=vocabulary("""
        atm usa hiv ceo cfo cto coo faq pdf url dvd apr ira irs fbi cia dmv vin pin ssn cvv cvc nhs ups usb gps llc hmo
        ppo mri ekg ecg abc dob vpn mrn www wifi fda cdc tsa tv sms eta asap rsvp bbc nbc cbs cnn nba nfl nyc uk us
        bmw gmc ibm att aol ein csc iban itin imei sim lcd led vip gmt est pst cst mst edt pdt suv diy dna std icu er
        pps hr it pc cpr adhd ptsd copd aids hdmi html isp api crm kyc aml pci phi hsa fsa cobra bmi fico heloc
        """),
)
