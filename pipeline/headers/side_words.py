"""The words of header rows that make no field: what `header_meaning` tells others apart by. Pure data.

All is in plain form, as in `header_words`.
"""

from __future__ import annotations

# What says that a file lists places, a system's users, job ads, meetings, goods or mailboxes, or
# what LinkedIn shows.
SIGNS = {
    "rating": "rating totalscore googlestars googlerating notegoogle bewertung stars",
    "reviews": "review reviewscount reviewcount avis bewertungen rezensionen resenas recensioni avaliacoes",
    "place": "placeid placeurl pluscode cid openinghours workinghours openhours googlemaps mapsurl",
    "geo": "latitude longitude lat lng lon",
    "scrape": "vmid connectiondegree profileimageurl sharedconnections issalesnavigator",
    "system": "login userlogin username password",
    "ad": "salary apply applyurl posted postedat jobdescription joburl",
    "connected": "connectedon",
    "foreign meeting": """rsvp rsvped joinedgroup eventhost meetinghost organizer organiser
        organisateur organizador organizzatore organisator""",
    "foreign goods": "isbn ean gtin asin upc sku",
    "foreign ranking": "rank ranking serp searchvolume",
    "mailbox": "smtp mx mxrecord",
}

# Another person's, the operator's own, or what is known about a field: never the field.
FOREIGN = """
    owner creator created by assigned assignee manager assistant assistent assistentin secretary pa ea
    shipping rechnung rechnungs fatturazione facturation emergency notfall spouse partner parent
    referred referrer referral sender from to rep representative sdr bdr my own our agent broker
    unser unsere unserer notre nuestro nuestra nostro nostra nosso nossa onze
    recruiter moderator interviewer supervisor salesperson
    chef boss superior superieur jefe capo leidinggevende
    vorgesetzte vorgesetzten betreuer verkaufer verkaeufer vendeur vendedor
    agente assistente assistante assistenz sekretariat secretaire secretariat secretaria segretaria secretaresse
    ae csm kam
    administratie amministrazione administracion administracao
    buchhaltung comptabilite compta contabilidad contabilidade contabilita boekhouding ksiegowosc faktura factuur facture
    vorherig vorherige vorheriger vorheriges fruhere fruherer fruheres ehemalige ehemaliger ehemaliges
    ancien ancienne precedent precedente anterior antiguo antigua vorig vorige vroegere
    poprzedni poprzednia tidigare tidligere predchozi
    letzte letzter letztes dernier derniere ultimo ultima laatste senaste sidste ostatni ostatnia
    previous prev past former old ex last latest next start end date dates datum time timestamp at
    on since until updated modified added imported sent open opened opens bounce bounced reply
    replied click clicked unsubscribe unsubscribed subscribe subscribed subscription opt optin
    optout out consent permission gdpr deliverable deliverability catch all catchall quality
    qualification pattern format provider source sources origin label template subject body draft
    message content copy sequence campaign step stage deal opportunity ticketid product item items order
    invoice event hash md5 reason error not is has attempts history log middle nick nickname maiden
    prefix suffix phonetic yomi salutation anrede civilite civility tratamiento aanhef
    honorific initials birthday birth gender sex age fax pager telex skype facebook
    twitter instagram youtube tiktok telegram github image photo picture logo
    avatar follower followers connections founded funding sic naics naf siren siret vat sub
    division subsidiary currency language lang timezone file function
    headline education school skill skills experience tenure duration marketing news
    zip zipcode postalcode postcode plz codepostal codigopostal cep cap display displayname
    input submitted lookup growth intent technical ip
    doyouhave haveyou areyou areyouinterested
"""

# Says nothing about which field it is.
NOISE = """
    of the your and customfield please enter value text field fields data attribute attributes
    properties required associated s st nd rd th
    what whats whatis which whichis where wheres who whos whois how does you we there have isyour youworkfor youworkat
    tellus giveus toreachyou canwereachyou tocontactyou
    wie wielautet wieist wieheisst welche welches welcher deine dein
    quel quelle quelest quelleest cual cuales tu a qual quale quali tua watis welk
    optional freiwillig fakultativ facultatif opcional facoltativo optioneel sociallinks
    describes bestdescribes workat workatyourcompany areyouwith areyouin areyoulocated
    areyoubasedin wert valeur valore waarde valor or
    wasist inwelchem inwelcher furwelches fuerwelches arbeiten arbeitensie arbeitestdu tatig
    sindsie bistdu beschaftigensie unter unterwelcher erreichenwirsie
    konnenwirsieerreichen zugehorige zugehoriges zugehoriger op
    dansquelle travaillezvous travaillestu occupezvous exercezvous associe associee
    enque trabajas trabaja ocupas asociada asociado
    emque onde mora trabalha associada associado
    dans nell nella latin alphabet
    inquale lavori ricopri tuo suo bijwelk bijwelke opwelk werktu werkje
    inazienda enlaempresa naempresa danslentreprise kunnenwijubereiken kunnenwejebereiken
    der die das des dem im von und ihr ihre ihren oder pflichtfeld
    de du d l la le les et votre obligatoire
    el los las y su
    do da dos e o os seu sua obligatorio obrigatorio
    di del della dell dello il lo gli
    van een het en uw
"""

# A header of just this word means this.
WHOLE = {
    "business": "company",
    "account": "accountalone",
    "first": "firstalone",
    "last": "lastalone",
    "mobile": "mobile phone",
    "cell": "mobile phone",
    "co": "accountalone",
    "fa": "accountalone",
    "cam": "revenue",
    "cak": "revenue",
    "ad": "firstalone",
    "grad": "city",
    "start": "foreign meeting",
    "end": "foreign meeting",
    "starttime": "foreign meeting",
    "endtime": "foreign meeting",
}
