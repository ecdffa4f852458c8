"""English grammar, as spoken in North America, Britain, Ireland, India and Australia."""

from __future__ import annotations

from hushbeam.transforms.detect_pii.languages.english_cues import CUES, SECRET_CUES
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
    blocks minutes- percent- shares votes students classes credits followers reviews volts copies samples
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
    amount_questions=(
        ("how", "much"),
        ("the", "damage"),
        ("the", "price"),
        ("the", "cost"),
        ("the", "fee"),
        ("the", "total"),
        ("the", "rent"),
        ("the", "rate"),
        ("your", "budget"),
        ("your", "salary"),
        ("your", "rent"),
        ("I", "owe"),
        ("asking", "price"),
        ("you", "charge"),
        ("it", "cost"),
    ),
    price_leads=vocabulary("for thats its or be to at is was only just pay paid cost costs about around makes comes"),
    price_talk=vocabulary(
        """
        pay paid paying payment price priced cost costs quote quoted charge charged dollars pounds euros bucks quid
        cheaper expensive discount deposit bill total rent fee card cash refund owe afford budget offer salary wage
        excess deductible
        """
    ),
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
    homophones={"for": "4", "to": "2", "too": "2", "won": "1", "ate": "8", "tree": "3", "sex": "6", "fife": "5"},
    one_letter_words=frozenset({"A", "I"}),
    joiners=frozenset({"dash", "hyphen", "minus", "slash", "dot", "point", "space", "stroke", "then", "and"}),
    list_words=frozenset({"and", "then", "point"}),
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
        good one moment second sec please carry on continue so far i see and next then i'm im with ready correct
        keep going sorry of course absolutely wonderful lovely cool noted understood hang hold just a the rest uh um
        that's thats fine good yes whenever youre you're
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
    phone_prefixes=(("plus",), ("+",), ("area", "code"), ("area", "code", "is"), ("(",)),
    at_homophones=frozenset({"add", "ad"}),
    mail_words=vocabulary("email emails mail emailed e-mail gmail's"),
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
    secret_cues=SECRET_CUES,
    secret_links=vocabulary(
        "is was its it's be are were will would should to as set reset changed still called equals currently now"
    ),
    secret_pointers=(
        ("its",),
        ("it", "is"),
        ("it", "was"),
        ("to", "be"),
        ("it", "to"),
        ("make", "it"),
        ("try",),
        ("use",),
    ),
    secret_leads=vocabulary("""
        its it is was thats that yes yeah yep sure okay ok um uh er so well oh and my the lets let us use make i used
        try how about maybe should be would will used to that's it's please then of course right answer name called
        think
        believe umm hmm
        """),
    secret_ends=vocabulary("and so but please because can could thanks thank which okay ok"),
    not_secrets=vocabulary("""
        required expired incorrect wrong not case sensitive reset changed going sent too invalid correct locked being
        about still usually something go do on in at for what blank missing stored encrypted different same hidden
        saved         there only very weak strong already ready been needed no never good fine safe secure secured
        confidential
        protected why how where when whether if you i we they he she can could do does did have has had must should
        would will may might please sorry your this that dont doesnt didnt isnt wasnt cant wont eight twelve between
        always supposed us me them him her
        private important working up out off like just also our all any both either because so but then than with
        without from by into until unless since enough displayed shown printed written listed emailed texted mailed
        generated created available empty default long short longer shorter numeric alphanumeric forgotten lost
        """),
    sentence_words=vocabulary("""
        i im ive ill id you youre we they he she have has had can could will would do does did dont doesnt didnt cant
        need want know remember forgot forget sure what whats how when where why who please because help let think
        thought         this these those there here not never just sorry hold hang wait one moment second get got see
        give tell say
        said ask asked
        """),
    cue_links=vocabulary("""
        is was are were my the your his her our their its it's that's that thats those these this for as a an be and
        would which has
        """),
    veto_cues=vocabulary("""
        version room rooms press option model flight channel page chapter floor gate section form route highway
        interstate exit error windows level step platform terminal bus train size volume article paragraph season
        episode grade class type phase stage track lane aisle row seat table bay dock zone warehouse building
        rule ios android python rev revision series top about around approximately roughly nearly almost over under
        within than least most extra another every
        """),
    quantities=_QUANTITIES,
    street_suffixes=vocabulary("""
        street st avenue ave road rd lane ln drive dr boulevard blvd court ct circle cir place pl way terrace ter
        parkway pkwy highway hwy trail trl square sq loop crescent close gardens grove mews row hill walk alley
        turnpike pike run path crossing bend plaza rise green vale wharf quay park
        """),
    regions=vocabulary("""
        alabama alaska arizona arkansas california colorado connecticut delaware florida georgia hawaii idaho illinois
        indiana iowa kansas kentucky louisiana maine maryland massachusetts michigan minnesota mississippi missouri
        montana nebraska nevada hampshire jersey mexico york carolina dakota ohio oklahoma oregon pennsylvania
        tennessee texas utah vermont virginia washington wisconsin wyoming columbia
        al ak az ar ca co ct de fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne nv nh nj nm ny nc nd oh ok or
        pa ri sc sd tn tx ut vt va wa wv wi wy dc
        """),
    not_street_names=vocabulary("""
        the a an your my his her our their this that what which it is its on in at of to from and or for with by one
        main- cross same next other every live lives living address down up off across street road into through was
        i you he she we they can please current home mailing billing new old side way take turn right left no yes so
        have has had do did not but if be are there here about over under near any some all only just
        """),
    address_cues=vocabulary("address live lives living located ship shipping mailing residence moved moving deliver"),
    address_prompts=vocabulary("where street zip postcode postal code house home town city"),
    dwelling_words=vocabulary("apartment apt flat unit suite plot sector villa"),
    unit_words=vocabulary(
        "apartment apartments apt unit suite ste flat floor room number department lot plot sector villa"
    ),
    ordinary_suffixes=vocabulary("""
        drive run way place park court close hill green square walk path loop rise trail bend crossing plaza circle row
        gardens grove pass point view vale alley quay wharf pike highway ct cir pl ter st dr
        """),
    directions=vocabulary("north south east west northeast northwest southeast southwest ne nw se sw n s e w"),
    spelling_links=vocabulary("then and dash hyphen uh um capital uppercase lowercase small"),
    letter_cases=vocabulary("capital uppercase lowercase"),
    letter_sizes=vocabulary("small big little upper lower"),
    digit_announcements=vocabulary("number digit numeral figure"),
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
        "u": "U",
        "vee": "V",
        "we": "V",
        "double-u": "W",
        "ex": "X",
        "x": "X",
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
