"""The words of jobs, by which cells are told that hold one. Pure data.

In plain form, as in `header_words`. A line is a language: English, German, French, Spanish,
Portuguese, Italian, Dutch, Swedish with Danish and Norwegian, Finnish, Polish, Czech and Slovak,
Hungarian, Romanian, Croatian and Slovene, Turkish. What several of them share stands once.
"""

from __future__ import annotations

# Found within longer words too: `Vertriebsleiterin`, `Co-Founder`.
WITHIN = """
    manager director officer president owner founder engineer developer analyst consultant specialist
    assistant coordinator administrator supervisor executive accountant designer architect technician
    secretary attorney lawyer teacher professor scientist researcher controller proprietor recruiter
    representative strategist superintendent adviser advisor chairman chairwoman purchaser electrician
    programmer freelance pharmacist dentist therapist journalist estimator surveyor salesman physician
    leiter geschaftsfuhr inhaber einkauf prokurist vorstand referent sachbearbeit berater entwickler
    ingenieur beauftragt techniker meister kauffrau kaufmann gesellschafter assistenz disponent
    directeur directrice gerant responsable acheteu dirigeant associe chargee conseill commercial fondat
    gerente propietari encargad comprador ingenier asesor abogad tecnic
    diretor proprietari gestor engenheir consultor coordenador analista comercial encarregad
    titolare responsabile amministrat direttor acquisti impiegat ingegner consulente
    eigenaar inkoper bestuurder adviseur medewerker verkoper oprichter zaakvoerder
    inkops indkob direktor saljare daglig leder konsulent radgiv ansvarig
    johtaja paallikko yrittaja myyja asiantuntija omistaja insinoori
    prezes kierowni wlascici dyrektor specjalist doradca handlow kupiec inzynier
    jednatel vedouci majitel reditel obchodn nakupci manazer konatel veduc
    igazgato vezeto tulajdonos munkatars beszerzo mernok
    inginer asociat
    voditelj vlasnik lastnik predsjednik predsednik
    mudur sahibi kurucu uzman sorumlu yonetici baskan muhendis
"""

# One only as a word of its own.
ALONE = """
    ceo cfo cto coo cmo cio cpo cro chro ciso vp svp evp avp md gm head chief lead principal partner
    buyer agent broker clerk nurse chef driver dean trainer planner editor foreman operator trustee
    chair intern student retired associate contractor sales purchasing procurement
    gf gl ltg
    pdg dg daf drh dsi resp charge achats
    jefe jefa dueno duena socia socio compras
    dono dona
    amm
    vd kam agare ejer selger
    sef
"""
