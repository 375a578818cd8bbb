"""Forms that only train has: made-up names, numbers, days and amounts in more dresses, and lines that mislead.

Each form teaches one thing that a small model gets wrong: to copy a name letter by letter, to tell the invoice's number
and date from others on the page, to see that money is given back however its minus is printed.
"""

from __future__ import annotations

from random import Random

_ONSETS = (
    "B Bl Br C Ch Cl Cr D Dr F Fl Fr G Gl Gr H J K Kl Kn L M N P Pl Pr Qu R S Sc Sch Sh Sk Sl Sm Sn Sp St Str Sw T Th "
    "Tr Tw V W Wh Z"
)
_RIMES = (
    "ack ade aft age ail ain air ake ale all alt ame amp an and ane ang ank ant ape ar ard are ark arn art ash ask ast "
    "ate ave awn ay ead eal eam ear eck eed eel eld ell elm en end ent ern est ett ew ice ick ide ield ift ike ild ile "
    "ill ime in ind ine ing ink int ipe ire irk isk ite ive oad oak oat obe ock oft old ole oll olt ond one ong ook "
    "oom oon oot ope orch ord ore ork orn ort ose oss ost ound our oust ove owe ox uck udge uff ull umb und une unk "
    "urn ush ust ute"
)
_PREFIXES = "INV- RE- F A/ GR- R- K IV- P- W D/ FA- X"
_PLAIN = "RE- F A/ R- N P- W"  # of these a scanner makes no digits
_TAILS = ["", "", "", "", "", "s", "er", "ley", "ton", "ford", "man", "well", "bach", "i", "o"]


def family(rng: Random) -> str:
    """A name that looks like a word and is none, so that it can only be copied letter by letter."""
    return rng.choice(_ONSETS.split()) + rng.choice(_RIMES.split()) + rng.choice(_TAILS)


def number(rng: Random, scanned: bool) -> str:
    """An invoice number of one to six digits, bare or dressed; for a scan, without letters that look like digits."""
    size = rng.choice([1, 2, 2, 3, 3, 3, 4, 4, 4, 5, 6])
    digits = str(rng.randint(10 ** (size - 1), 10**size - 1))
    form = rng.random()
    if form < 0.5:
        return digits
    prefix = rng.choice((_PLAIN if scanned else _PREFIXES).split())
    if form < 0.75:
        return prefix + digits
    pair = f"{rng.randint(10, 99)}"
    # The same two digits twice are no slip: they are to be copied, too.
    second = pair if rng.random() < 0.3 else f"{rng.randint(10, 99)}"
    if form < 0.9:
        return f"{prefix}{pair}-{second}"
    return f"20{rng.randint(19, 25)}-{digits}" if form < 0.95 else f"{digits}/{pair}"


def days(lang: str, year: int, month: int, day: int, name: str) -> list[str]:
    """More ways to write a day; `name` is the month's."""
    forms = [f"{day:02}.{month:02}.{year}", f"{year}.{month:02}.{day:02}", f"{day:02}-{month:02}-{year}"]
    if lang == "en":
        ending = {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th") if day not in (11, 12, 13) else "th"
        return [
            *forms,
            f"the {day}{ending} of {name} {year}",
            f"{name[:3]}. {day}{ending}, {year}",
            f"{day} {name[:3]} {year}",
            f"{name} {day}{ending}, {year}",
            f"{day} {name[:3]} '{year % 100}",
        ]
    if lang == "de":
        short = name if len(name) < 5 else f"{name[:3]}."
        return [*forms, f"{day}. {short} {year}", f"{day:02}. {name} {year}", f"{day}.{month}.{year % 100:02}"]
    return [
        *forms,
        f"{day} {name[:4]}. {year}" if len(name) > 5 else f"{day} {name} {year}",
        f"{day}-{month}-{year}",
        f"{day:02}.{month:02}.{year % 100:02}",
    ]


MONEY = {  # words for a currency, beside the signs and codes that every split has
    "EUR": ["{} Euro", "{} euros", "€ {}"],
    "USD": ["{} dollars", "US$ {}"],
    "GBP": ["{} pounds"],
}
MINUS = ["-{}", "-{}", "-{}", "({})", "{}-"]  # how the total of a credit note is printed negative

# Lines with a company, a number or a day that is not the invoice's own.
_ASIDES = {
    "en": {
        "party": "Customer: {}|Bill to {}|To: {}|Buyer: {}|Ship to: {}|Attn: {}|Client {}|Sold to {}|Delivered to {}|"
        "Copy for {}",
        "number": "Contract {}|Order {}|Offer {}|Your order {}|Delivery note {}|Tel. {}|VAT {}|Customer no. {}|"
        "Account {}|Quote {} accepted|Project {}|Table {}|Room {}|PO {}|Booking {}",
        "day": "Due {}|Delivered {}|Your order of {}|Payable by {}|Shipped {}|Valid until {}|Work done {}|"
        "Contract of {}|Stay from {}|Delivery date {}",
        "invoice": "Refers to invoice {}|Invoice {} is cancelled|Against invoice {}|Original invoice {}|"
        "Corrects bill {}|For your invoice {}",
    },
    "de": {
        "party": "Kunde: {}|An: {}|Käufer: {}|Für {}|Lieferung an {}|Empfänger: {}",
        "number": "Vertrag {}|Auftrag {}|Angebot {}|Bestellung {}|Lieferschein {}|Tel. {}|USt. {}|Kundennr. {}|"
        "Projekt {}|Tisch {}|Zimmer {}",
        "day": "Fällig {}|Geliefert {}|Ihre Bestellung vom {}|Zahlbar bis {}|Leistung am {}|Liefertag {}",
        "invoice": "zu Rechnung {}|Storno von Rechnung {}|Bezug: Rechnung {}|betrifft Rechnung {}",
    },
    "fr": {
        "party": "Client : {}|À : {}|Acheteur : {}|Pour {}|Livré à {}|Destinataire : {}",
        "number": "Contrat {}|Commande {}|Devis {}|Bon de livraison {}|Tél. {}|TVA {}|N° client {}|Projet {}|"
        "Table {}|Chambre {}",
        "day": "Échéance {}|Livré le {}|Votre commande du {}|Payable avant le {}|Travaux du {}",
        "invoice": "sur facture {}|Annule la facture {}|Facture d'origine {}|concerne facture {}",
    },
    "es": {
        "party": "Cliente: {}|A: {}|Comprador: {}|Para {}|Entregado a {}|Destinatario: {}",
        "number": "Contrato {}|Pedido {}|Oferta {}|Albarán {}|Tel. {}|NIF {}|N.º cliente {}|Proyecto {}|Mesa {}|"
        "Habitación {}",
        "day": "Vence {}|Entregado el {}|Su pedido de {}|Pagar antes del {}|Trabajos del {}",
        "invoice": "sobre factura {}|Anula la factura {}|Factura original {}|corrige factura {}",
    },
}


def aside(lang: str, kind: str, rng: Random) -> str:
    """A line of this kind ("party", "number", "day", "invoice") with {} where its value goes."""
    return rng.choice(_ASIDES[lang][kind].split("|"))


def with_aside(text: str, line: str, rng: Random) -> str:
    """The text with a line more, between two of its own, or before or behind it where it has one line only."""
    for between in ("\n", " | ", " - ", "; "):
        parts = text.split(between)
        if len(parts) > 2:
            at = rng.randrange(len(parts) + 1)
            return between.join([*parts[:at], line, *parts[at:]])
    return f"{line}. {text}" if rng.random() < 0.6 else f"{text} {line}"
