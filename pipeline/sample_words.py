"""The words of which `samples` makes people and companies. All of the companies are invented.

A company is called stem + ending + trade (Norvawick Logistics), which no well-known one is.
"""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _table(text: str) -> tuple[tuple[str, ...], ...]:
    """Rows are parted by `;`, cells by `|`."""
    return tuple(tuple(row.split("|")) for row in text.split(";"))


FIRST = _words(
    "Anna Ben Carla David Elena Frank Greta Hugo Irene Jonas Klara Liam Marta Nils Olga Paul"
    " Rosa Simon Tina Victor Wanda Xavier Yasmin Zeno Amir Priya Chloe Diego Fatima Kenji"
    " Björn José Zoë Łukasz Renée Søren Anne-Marie"
)
LAST = _words(
    "Abbott Bauer Castell Dorn Eriksen Falk Garner Holt Iversen Jansen Keller Lindqvist Moreau"
    " Novak Ortega Pereira Quist Rossi Sandoval Tanner Ulrich Vance Whitlock Yilmaz Zeman Okafor"
    " Mehta O'Dwyer D'Amico Müller Åkesson Núñez Kowalski-Brandt"
)
STEM = _words(
    "Norva Halven Quarry Ostrel Brindle Tamber Velmo Corvane Drayne Esker Fennick Galdor Hespen"
    " Ilvane Jorvik Kestrin Lumora Marrow Nettlin Orrin Pellam Quenda Rusk Selwyn Tarn Umbrel"
    " Vandel Wexmoor Yarrow Zelden Ærø Grüne"
)
STEM_ENDINGS = _words("wick moor stead holm crest lund mere bury gate fell")
# what a company does|its industry as Apollo names it
TRADES = _table(
    "Logistics|logistics & supply chain;Software|information technology & services"
    ";Robotics|industrial automation;Foods|food & beverages;Energy|renewables & environment"
    ";Textiles|textiles;Optics|medical devices;Freight|transportation;Analytics|computer software"
    ";Packaging|packaging & containers;Timber|paper & forest products;Media|online media"
    ";Clinics|hospital & health care;Finance|financial services;Works|machinery"
)
SUFFIXES = (" GmbH", ", Inc.", " Ltd", " S.A.", " LLC", " AG", " B.V.", " & Co. KG")
# title|seniority|department
JOBS = _table(
    "Chief Executive Officer|C suite|C-Suite;Chief Financial Officer|C suite|Finance;CTO|C suite"
    "|Engineering & Technical;Chief Marketing Officer|C suite|Marketing;COO|C suite|Operations"
    ";Founder|Founder|C-Suite;Co-Founder & CEO|Founder|C-Suite;Owner|Owner|C-Suite"
    ";Managing Partner|Partner|C-Suite;VP Sales|Vp|Sales;Vice President, Operations|Vp|Operations"
    ";VP of Engineering|Vp|Engineering & Technical;VP People|Vp|Human Resources"
    ";Head of Marketing|Head|Marketing;Head of Procurement|Head|Operations;Head of IT|Head"
    "|Information Technology;Director of Sales|Director|Sales;Finance Director|Director|Finance"
    ";Director, Product|Director|Product Management;Plant Director|Director|Operations"
    ";Sales Manager|Manager|Sales;Marketing Manager|Manager|Marketing;IT Manager|Manager"
    "|Information Technology;Purchasing Manager|Manager|Operations;HR Manager|Manager"
    "|Human Resources;Senior Software Engineer|Senior|Engineering & Technical;Senior Buyer"
    "|Senior|Operations;Account Executive|Entry|Sales;Office Administrator|Entry|Support"
    ";Business Developer (m/w/d)|Entry|Sales;Quality Engineer|Entry|Engineering & Technical"
)
# country|cities with their states|domain ending|a number from the ranges kept for fiction
PLACES = _table(
    "United States|Austin,Texas/Boston,Massachusetts/Denver,Colorado/Seattle,Washington|com"
    "|+1 512-555-01##;United States|Chicago,Illinois/Portland,Oregon|com|+1 312-555-01##"
    ";Germany|Berlin,Berlin/München,Bavaria/Köln,North Rhine-Westphalia|de|+49 30 23125 1##"
    ";Germany|Hamburg,Hamburg/Leipzig,Saxony|de|+49 40 66969 1##"
    ";United Kingdom|London,England/Leeds,England/Cardiff,Wales|co.uk|+44 20 7946 0###"
    ";France|Paris,Ile-de-France/Lyon,Auvergne-Rhone-Alpes|fr|+33 1 99 00 1# ##"
    ";Netherlands|Utrecht,Utrecht/Eindhoven,North Brabant|nl|+31 20 555 01##"
    ";Spain|Sevilla,Andalusia/Bilbao,Basque Country|es|+34 910 555 1##"
    ";Italy|Torino,Piedmont/Bari,Apulia|it|+39 06 5550 1##"
    ";Poland|Kraków,Lesser Poland/Gdańsk,Pomerania|pl|+48 22 555 01 ##"
    ";Sweden|Malmö,Skåne/Uppsala,Uppsala|se|+46 8 465 004 ##"
    ";Canada|Toronto,Ontario/Montréal,Quebec|ca|+1 416-555-01##"
    ";Australia|Perth,Western Australia/Hobart,Tasmania|com.au|+61 2 5550 1###"
    ";India|Pune,Maharashtra/Chennai,Tamil Nadu|in|+91 22 5550 01##"
)
ROLES = ("info", "sales", "office", "contact", "support")
FREEMAILS = ("gmail.com", "outlook.com", "yahoo.com", "gmx.de")
ASCII = str.maketrans("äöüßåøæéèñłóńúëçÆ", "aousaoaeenlonuecA")
