"""The demo's people. One rule: person number n is always the same made-up person, whatever the seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lrs.simulation.course import SITE


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who takes the course. `utc_offset` in hours; `key` the ASCII name in identifiers."""

    name: str
    key: str
    utc_offset: int
    by_mail: bool

    def agent(self) -> dict[str, Any]:
        """The person as an Agent with one identifier (xAPI 1.0.3 Data 2.4.2.1): an mbox, or an account."""
        if self.by_mail:
            return {"objectType": "Agent", "name": self.name, "mbox": f"mailto:{self.key}@example.com"}
        return {"objectType": "Agent", "name": self.name, "account": {"homePage": SITE, "name": self.key}}


_PEOPLE = """
Amara Okafor|amara.okafor|1
Linh Trần|linh.tran|7
Mateo Quispe|mateo.quispe|-5
Freya Lindqvist|freya.lindqvist|1
Yusuf Karadağ|yusuf.karadag|3
Ingrid Halvorsen|ingrid.halvorsen|1
Kwame Boateng|kwame.boateng|0
Sofía Villalobos|sofia.villalobos|-6
Haruto Nishimura|haruto.nishimura|9
Leila Farahani|leila.farahani|3
Tomasz Wiśniewski|tomasz.wisniewski|1
Nokuthula Dube|nokuthula.dube|2
Aarav Deshpande|aarav.deshpande|5
Chiara Bellandi|chiara.bellandi|1
Dmytro Kovalchuk|dmytro.kovalchuk|2
Mei-Ling Hsu|meiling.hsu|8
Ewan MacAllister|ewan.macallister|0
Fatima Zahra Benali|fatima.benali|1
Jonas Baumgartner|jonas.baumgartner|1
Tallulah Whitehorse|tallulah.whitehorse|-7
Seo-yeon Baek|seoyeon.baek|9
Rafael Monteiro|rafael.monteiro|-3
Anneli Saarinen|anneli.saarinen|2
Omar Haddad|omar.haddad|3
Zuzana Horáková|zuzana.horakova|1
Bilal Chaudhry|bilal.chaudhry|5
Camille Desrosiers|camille.desrosiers|-5
Tendai Moyo|tendai.moyo|2
Wiremu Parata|wiremu.parata|12
Giulia Ferrante|giulia.ferrante|1
Nikolaos Vlachos|nikolaos.vlachos|2
Priya Raghunathan|priya.raghunathan|5
Siobhán Ó Dálaigh|siobhan.odalaigh|0
Malik Traoré|malik.traore|0
Elif Yıldırım|elif.yildirim|3
Bronwyn Pritchard|bronwyn.pritchard|0
Santiago Arango|santiago.arango|-5
Chidinma Eze|chidinma.eze|1
Mirela Stoica|mirela.stoica|2
Kenji Morikawa|kenji.morikawa|9
Hannah Goldfarb|hannah.goldfarb|-5
Abebe Tadesse|abebe.tadesse|3
Putri Wulandari|putri.wulandari|7
Lars Vestergaard|lars.vestergaard|1
Noor Al-Mansouri|noor.almansouri|4
Isabelle Charpentier|isabelle.charpentier|1
Thabo Nkosi|thabo.nkosi|2
Jelena Marković|jelena.markovic|1
Malia Kealoha|malia.kealoha|-10
Gabriel Szabó|gabriel.szabo|1
Nasrin Sultana|nasrin.sultana|6
Oluwaseun Adeyemi|oluwaseun.adeyemi|1
Marisol Peñaloza|marisol.penaloza|-4
Viktor Angelov|viktor.angelov|2
Tuyết Phạm|tuyet.pham|7
Henrik Aaltonen|henrik.aaltonen|2
Zainab Diallo|zainab.diallo|0
Kalinda Perera|kalinda.perera|5
Joaquim Vidal|joaquim.vidal|1
Ruth Wanjiru|ruth.wanjiru|3
"""


def _read(line: str, number: int) -> Person:
    name, key, offset = line.split("|")
    return Person(name, key, int(offset), by_mail=number % 3 != 2)


PEOPLE = tuple(_read(line, number) for number, line in enumerate(_PEOPLE.strip().splitlines()))

INSTRUCTOR = Person("Marguerite Adjei", "marguerite.adjei", 0, by_mail=False)


def person(number: int) -> Person:
    """Person `number` (from 0). Beyond the list, given and family names are combined anew and the key is
    numbered.
    """
    if number < len(PEOPLE):
        return PEOPLE[number]
    round_, place = divmod(number, len(PEOPLE))
    given = PEOPLE[place]
    family = PEOPLE[(place + 7 * round_) % len(PEOPLE)]
    return Person(
        f"{given.name.split(' ')[0]} {family.name.split(' ', 1)[1]}",
        f"{given.key.split('.')[0]}.{family.key.split('.')[1]}.{number}",
        given.utc_offset,
        given.by_mail,
    )
