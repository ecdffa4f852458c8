"""Spanish: numbers, identifiers, e-mail addresses and spelled words."""

from __future__ import annotations

from hushbeam.transforms.detect_pii.languages import number_phrases
from hushbeam.transforms.detect_pii.languages.language import Language, QuantityWords, in_order, vocabulary

_ONES = in_order("uno dos tres cuatro cinco seis siete ocho nueve")
_TEENS = in_order("diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve")
_TENS = in_order("veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa")
_TWENTIES = in_order(
    "veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete veintiocho veintinueve"
)
_HUNDREDS = in_order("doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos")
_MONTHS = in_order("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre")

LANGUAGE = Language(
    code="es",
    digits={"cero": "0", "un": "1", "una": "1"} | {word: str(value) for value, word in enumerate(_ONES, 1)},
    teens={word: str(value) for value, word in enumerate(_TEENS, 10)}
    | {"dieciseis": "16"}
    | {word: str(value) for value, word in enumerate(_TWENTIES, 21)}
    | {"veintidos": "22", "veintitres": "23", "veintiseis": "26"}
    | {word: str(value * 100) for value, word in enumerate(_HUNDREDS, 2)},
    tens={word: str(value * 10) for value, word in enumerate(_TENS, 2)},
    number_phrases=number_phrases.spanish(_ONES, (*_TEENS, "veinte", *_TWENTIES), _TENS, _HUNDREDS),
    hundreds=frozenset({"cien", "ciento"}),
    thousands=frozenset({"mil", "millón", "millones"}),
    repeats={"doble": "2", "triple": "3"},
    ordinals={"primero": "1"},
    one_letter_words=frozenset({"A", "E", "O", "U", "Y"}),
    joiners=vocabulary("guion guión punto y barra espacio luego"),
    fillers=vocabulary(
        """
        eh em este pues bueno a ver es el la un momento sí si vale ok okay claro déjeme déjame ver creo que perdón
        espere
        """
    ),
    hesitations=vocabulary("eh em este pues y sí si es luego vale"),
    corrections=("no perdón", "perdón", "no", "digo", "espere", "corrijo", "mejor dicho"),
    backchannels=vocabulary(
        "ok okay sí si ajá vale claro bien muy perfecto gracias adelante dígame diga entiendo correcto de acuerdo mhm "
        "continúe siga un momento por favor"
    ),
    interruptions=vocabulary("eh em este a ver"),
    symbols={
        "punto": ".",
        "arroba": "@",
        "guion": "-",
        "guión": "-",
        "bajo": "_",
        "subrayado": "_",
        "barra": "/",
        "más": "+",
        "almohadilla": "#",
        "asterisco": "*",
    },
    spelling_phrases=(("de",), ("como",), ("como", "en")),
    months={month: number for number, month in enumerate(_MONTHS, 1)} | {"setiembre": 9},
    weekdays=vocabulary("lunes martes miércoles jueves viernes sábado domingo"),
    articles=frozenset({"el"}),
    date_links=frozenset({"de", "del"}),
    year_prepositions=vocabulary("en desde año hasta"),
    cues={
        "credit_card_cvv": (
            r"c[óo]digo de seguridad",
            r"cvv",
            r"cvc",
            r"(?:tres|3) (?:d[íi]gitos|n[úu]meros) (?:de|del) (?:atr[áa]s|reverso)",
        ),
        "credit_card_expiration": (r"caducidad", r"vencimiento", r"expiraci[óo]n", r"caduca", r"vence", r"expira"),
        "vehicle_id": (r"matr[íi]cula", r"placas?", r"n[úu]mero de bastidor", r"bastidor"),
        "drivers_license": (r"(?:licencia|permiso|carn[ée]t?) de (?:conducir|conductor|manejo)",),
        "passport_number": (r"pasaporte",),
        "banking_information": (
            r"iban",
            r"cuenta (?:bancaria|corriente|de ahorros?)",
            r"clabe",
            r"n[úu]mero de ruta",
            r"swift",
        ),
        "us_social_security_number": (r"(?:n[úu]mero de (?:la |su |mi )?)?segur(?:o|idad) social",),
        "healthcare_number": (
            r"tarjeta sanitaria",
            r"n[úu]mero de (?:paciente|historia(?: cl[íi]nica)?|afiliado|asegurado)",
            r"seguro m[ée]dico",
        ),
        "date_of_birth": (r"fecha de nacimiento", r"nac(?:[íi]|i[óo]|ido|ida)", r"cumplea[ñn]os"),
        "location_zip": (r"c[óo]digo postal",),
        "password": (
            r"contrase[ñn]a",
            r"\bpin\b",
            r"clave",
            r"c[óo]digo de (?:verificaci[óo]n|acceso|confirmaci[óo]n)",
        ),
        "phone_number": (
            r"tel[ée]fono",
            r"m[óo]vil",
            r"celular",
            r"n[úu]mero de (?:tel[ée]fono|contacto)",
            r"llam(?:ar|e|en)(?:me|nos|le|lo)? al",
            r"extensi[óo]n",
            r"prefijo",
        ),
        "credit_card_number": (
            r"n[úu]mero (?:de (?:la |su |mi )?)?tarjeta",
            r"tarjeta de (?:cr[ée]dito|d[ée]bito)",
            r"visa",
            r"mastercard",
            r"termina(?:da)? en",
        ),
        "account_number": (
            (
                r"n[úu]mero de (?:cuenta|cliente|socio|p[óo]liza|contrato|pedido|caso|referencia|reserva|expediente|"
                r"reclamaci[óo]n|factura)"
            ),
            r"localizador",
            r"p[óo]liza",
        ),
        "card": (r"tarjeta",),
        "code": (r"c[óo]digo",),
        "number_sequence": (
            r"\bdni\b",
            r"\bnie\b",
            r"\bnif\b",
            r"\bcurp\b",
            r"\brfc\b",
            r"c[ée]dula",
            r"documento(?: de identidad)?",
        ),
    },
    quantities=QuantityWords(
        units={
            "money_amount": vocabulary("euros euro dólares dólar pesos peso céntimos centavos soles"),
            "duration": vocabulary("segundos minutos horas días semanas meses años año mes semana hora minuto día"),
            "statistics": vocabulary("porciento"),
            "": vocabulary(
                "personas veces kilómetros metros kilos gramos miligramos grados cajas unidades puntos gigas"
            ),
        },
        number_links=frozenset({"y", "con"}),
        range_words=frozenset({"a", "o", "-"}),
        cents=frozenset({"céntimos", "centavos"}),
        age_endings=(("de", "edad"),),
        clause_starts=vocabulary("y pero en hoy ahora"),
    ),
    mail_words=vocabulary("correo email mail electrónico"),
    address_leads=vocabulary("es dirección"),
    answer_leads=vocabulary("es sí si claro mi el la correo vale bueno pues eh"),
    interjections=vocabulary("sí si vale claro bueno gracias y a"),
    greetings=vocabulary("hola gracias adios saludos"),
    name_endings=(("al", "habla"),),
    titles=vocabulary(
        "senor senora senorita sr sra srta don dona doctor doctora dr dra licenciado licenciada ingeniero ingeniera"
    ),
    asked_words={
        "person_name": vocabulary(
            "nombre nombres apellido apellidos llama llamas llamo deletrea deletrear deletree deletréeme"
        ),
        "location": vocabulary("dirección domicilio calle avenida ciudad barrio colonia municipio provincia"),
        "email_address": vocabulary("correo email mail"),
        "username": vocabulary("usuario"),
        "ip_address": frozenset({"ip"}),
        "url": vocabulary("página web"),
    },
    letter_words={
        "be": "B",
        "ve": "V",
        "ce": "C",
        "efe": "F",
        "ge": "G",
        "hache": "H",
        "jota": "J",
        "ka": "K",
        "ca": "K",
        "ele": "L",
        "elle": "L",
        "eme": "M",
        "ene": "N",
        "eñe": "Ñ",
        "pe": "P",
        "cu": "Q",
        "erre": "R",
        "ere": "R",
        "ese": "S",
        "te": "T",
        "uve": "V",
        "equis": "X",
        "ye": "Y",
        "zeta": "Z",
        "ceta": "Z",
    },
    at_homophones=vocabulary("roba"),
    spelling_cues=vocabulary("deletrea deletrear deletreo deletree deletréeme deletrearme letras letra"),
    spelling_links=vocabulary("y luego guion guión"),
    letter_marks=vocabulary("con acento acentuada tilde mayúscula minúscula"),
)
