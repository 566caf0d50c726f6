"""A small, complete set of feeds with known content: 2 practices, 24 people, one of everything. Invented throughout."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

TODAY = datetime.date(2026, 11, 22)
PRACTICES = ("Z00001", "Z00002")
PEOPLE = 24
SURNAMES = ("Quillfeather", "Okonjo-Thrale", "Vandersteen", "Mistlethwaite", "Brackenridge", "Szczepanowska")
GIVEN = ("Araminta", "Thaddeus", "Zebedee", "Philippa", "Cornelius", "Oluwaseun", "Wilhelmina", "Bartholomew")
GENDER = "PERSON_STATED_GENDER_CODE"
STATUS = "NHS_NUMBER_STATUS_INDICATOR_CODE"


def nhs_number(nine: int) -> str:
    """The tenth digit by modulus 11; the next number up where there is none."""
    while True:
        digits = f"{nine:09d}"
        check = (11 - sum(int(d) * w for d, w in zip(digits, range(10, 1, -1), strict=True)) % 11) % 11
        if check < 10:
            return f"{digits}{check}"
        nine += 1


class Person:
    """One invented person."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.nhs = nhs_number(999_000_000 + 37 * number)
        self.family = SURNAMES[number % len(SURNAMES)] + chr(97 + number)
        self.given = GIVEN[number % len(GIVEN)]
        self.birth = datetime.date(1940 + 3 * (number % 27), 1 + number % 12, 11 + number % 17)
        self.sex = "12"[number % 2]
        self.practice = PRACTICES[number % 2]
        self.patient = 5000 + number
        self.postcode = f"ZQ{1 + number // 4} {number % 9}XY"
        self.line1 = f"{101 + number} Tumbledown Crescent"
        self.uprn = str(100_200_300_000 + number // 2)
        self.lsoa = f"E0102{6000 + number // 6}"


def people() -> list[Person]:
    """Everybody."""
    return [Person(number) for number in range(PEOPLE)]


def write(
    path: Path,
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    encoding: str = "utf-8",
    end: str = "\n",
) -> None:
    """One CSV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=end)
    writer.writerow(header)
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))


def event_rows(practice: str, everybody: list[Person]) -> list[tuple[object, ...]]:
    """Coded entries of one practice: per person a diagnosis, two measurements, a vague date."""
    rows: list[tuple[object, ...]] = []
    for p in everybody:
        if p.practice == practice:
            rows += [
                (p.patient, "2019-05-04", "73211009", "", ""),
                (p.patient, "2024-02-03", "999791000000106", 53, "mmol/mol"),
                (p.patient, "2025-02-03", "999791000000106", "7.0", "%"),
                (p.patient, str(max(2001, p.birth.year)), "195967001", "", ""),
                (p.patient, "2026-09-01", "271649006", 100 + p.number, "mmHg"),
            ]
    return rows


def make_feeds(feeds: Path) -> list[Person]:
    """Write every feed; returns the people in them."""
    everybody = people()
    _reference(feeds)
    for practice in PRACTICES:
        _practice(feeds, practice, everybody)
    _hospital(feeds, everybody)
    _community(feeds, everybody)
    _councils(feeds, everybody)
    return everybody


def _reference(feeds: Path) -> None:
    folder = feeds / "reference" / "QZ1"
    write(folder / "practice.csv", ("PRACTICE_CODE", "PRACTICE_NAME", "PCN_CODE", "LSOA_CODE", "SYSTEM_SUPPLIER"),
          [(p, f"Surgery {p}", "UZ001", "E01026000", "Acme") for p in PRACTICES])  # fmt: skip
    write(folder / "pcn.csv", ("PCN_CODE", "PCN_NAME", "PLACE_CODE"), [("UZ001", "Fen PCN", "P1")])
    write(folder / "place.csv", ("PLACE_CODE", "PLACE_NAME", "SYSTEM_CODE"), [("P1", "Fenland", "QZ1")])
    write(
        folder / "provider.csv",
        ("PROVIDER_CODE", "PROVIDER_NAME", "PROVIDER_KIND"),
        [("RZ1", "Wold Hospitals", "acute")],
    )
    header = ("LSOA_CODE", "LSOA_NAME", "MSOA_CODE", "MSOA_NAME", "WARD_CODE", "DISTRICT_CODE", "DISTRICT_NAME", "RURAL_URBAN_CODE",
              "RURAL", "IMD_VINTAGE", "IMD_RANK", "IMD_DECILE", "IMD_SCORE", "POPULATION")  # fmt: skip
    write(folder / "lsoa.csv", header,
          [(f"E0102{6000 + n}", f"Area {n}", "E02005000", "Mid", "E05000001", "E07000136", "Boston", "A1", "N", 2025, 100 + n, 1 + n, 20.5, 1500) for n in range(4)])  # fmt: skip


def _practice(feeds: Path, practice: str, everybody: list[Person]) -> None:
    folder, mine = feeds / "gp" / practice, [p for p in everybody if p.practice == practice]
    header = ("PATIENT_ID", "NHS_NUMBER", STATUS, "PERSON_FAMILY_NAME", "PERSON_GIVEN_NAME", "PERSON_BIRTH_DATE", GENDER,
              "ETHNIC_CATEGORY", "LANGUAGE_CODE", "TELEPHONE_NUMBER", "EMAIL_ADDRESS", "SENSITIVE_FLAG", "PERSON_DEATH_DATE")  # fmt: skip
    rows = [(p.patient, p.nhs, "01", p.family, p.given, p.birth, p.sex, "AZ"[p.number % 2], "en", f"07700900{p.number:03d}",
             f"{p.given}.{p.family}@example.org".lower(), "N", "") for p in mine]  # fmt: skip
    moved = everybody[0]
    if practice == PRACTICES[1]:  # the first person was here before
        rows.append(
            (
                9000,
                moved.nhs,
                "01",
                "Formername",
                moved.given,
                moved.birth,
                moved.sex,
                "B",
                "pl",
                "",
                "",
                "N",
                "",
            )
        )
        rows.append((9001, "", "07", "Numberless", "Nora", "1990-02-02", "2", "99", "", "", "", "N", ""))
    write(folder / "patient.csv", header, rows)
    regs = [(p.patient, "R", "2010-01-01", "") for p in mine]
    addresses = [
        (p.patient, p.line1, "", p.postcode, p.uprn, p.lsoa, 0, "private", "1900-01-01", "") for p in mine
    ]
    if practice == PRACTICES[1]:
        regs += [
            (9000, "R", "2001-01-01", "2010-01-01"),
            (9001, "R", "2020-01-01", ""),
            (mine[0].patient, "T", "2005-01-01", "2005-02-01"),
        ]
        addresses += [(9000, "7 Oldplace Row", "", "ZQ9 9ZZ", "100200399999", "E01026003", 0, "private", "2001-01-01", "2010-01-01"),
                      (mine[0].patient, "PO Box 9", "", "ZQ9 9ZZ", "", "", 3, "other", "2015-01-01", "")]  # fmt: skip
    write(
        folder / "registration.csv",
        ("PATIENT_ID", "REGISTRATION_TYPE", "REGISTRATION_START_DATE", "REGISTRATION_END_DATE"),
        regs,
    )
    header = ("PATIENT_ID", "ADDRESS_LINE_1", "ADDRESS_LINE_2", "POSTCODE", "UPRN", "LSOA_CODE", "ADDRESS_TYPE", "ACCOMMODATION_TYPE",
              "ADDRESS_START_DATE", "ADDRESS_END_DATE")  # fmt: skip
    write(folder / "address.csv", header, addresses)
    events = event_rows(practice, everybody)
    if practice == PRACTICES[0]:
        events += [events[0], (mine[1].patient, "2026-01-05", "827241000000103", "", ""), (mine[1].patient, "2026-03-05", "827261000000102", "", ""),
                   (mine[2].patient, "2026-01-05", "73211008", "", ""), (mine[2].patient, "2031-01-05", "73211009", "", ""), (777, "2020-01-01", "73211009", "", "")]  # fmt: skip
    write(
        folder / "event.csv", ("PATIENT_ID", "EVENT_DATE", "SNOMED_CODE", "OBSERVATION_VALUE", "UNIT"), events
    )
    write(folder / "medication.csv", ("PATIENT_ID", "ISSUE_DATE", "DMD_CODE", "QUANTITY", "DURATION_DAYS", "ISSUE_TYPE"),
          [(p.patient, "2026-02-01", "73211009", 28, 28, "Repeat") for p in mine])  # fmt: skip
    write(folder / "appointment.csv", ("APPOINTMENT_ID", "PATIENT_ID", "BOOKED_DATE", "APPOINTMENT_DATE", "STATUS", "MODE", "ROLE", "DURATION_MINUTES"),
          [(n, p.patient, "2026-01-20", "2026-02-01", ("Finished", "DNA")[n % 2], "F2F", "Salaried GP", 10) for n, p in enumerate(mine)])  # fmt: skip


CDS_IDENTITY = ("NHS_NUMBER", STATUS, "WITHHELD_IDENTITY_REASON", "LOCAL_PATIENT_IDENTIFIER", "PERSON_GIVEN_NAME", "PERSON_FAMILY_NAME",
                "PERSON_BIRTH_DATE", GENDER, "ETHNIC_CATEGORY", "POSTCODE_OF_USUAL_ADDRESS", "GENERAL_MEDICAL_PRACTICE_CODE_PATIENT_REGISTRATION")  # fmt: skip


def _identity(p: Person, kind: str = "verified") -> tuple[object, ...]:
    if kind == "withheld":
        return ("", "", "03", "", "", "", "", "X", "99", "", "")
    if kind == "unverified":
        return ("", "07", "", f"L{p.number}", p.given, p.family, p.birth, p.sex, "99", p.postcode, p.practice)
    return (p.nhs, "01", "", f"L{p.number}", "", "", p.birth, p.sex, "A", p.postcode, p.practice)


def episode_header() -> list[str]:
    """Columns of the episode file."""
    return ["CDS_UNIQUE_IDENTIFIER", "CDS_EXTRACT_DATE", "CDS_UPDATE_TYPE", *CDS_IDENTITY, "HOSPITAL_PROVIDER_SPELL_NUMBER", "EPISODE_NUMBER",
            "LAST_EPISODE_IN_SPELL_INDICATOR_CODE", "START_DATE_HOSPITAL_PROVIDER_SPELL", "DISCHARGE_DATE_HOSPITAL_PROVIDER_SPELL",
            "EPISODE_START_DATE", "EPISODE_END_DATE", "ADMISSION_METHOD_CODE", "PATIENT_CLASSIFICATION_CODE", "DISCHARGE_METHOD_CODE",
            "DISCHARGE_DESTINATION_CODE", "ACTIVITY_TREATMENT_FUNCTION_CODE", "SITE_CODE_OF_TREATMENT", "PRIMARY_DIAGNOSIS_ICD",
            *(f"SECONDARY_DIAGNOSIS_ICD_{n}" for n in range(1, 13)), "PRIMARY_PROCEDURE_OPCS", *(f"SECONDARY_PROCEDURE_OPCS_{n}" for n in range(1, 5))]  # fmt: skip


def episode(
    key: str,
    extract: str,
    update: str,
    who: tuple[object, ...],
    spell: str,
    number: int,
    method: str,
    codes: Sequence[str],
) -> list[object]:
    """One finished consultant episode."""
    secondary = [*codes[1:], *([""] * (13 - len(codes)))]
    return [key, extract, update, *who, spell, number, 2, "2026-03-01", "2026-03-08", "2026-03-01", "2026-03-08", method, 1, 1, 19, "300", "RZ101",
            codes[0], *secondary, "H221", "", "", "", ""]  # fmt: skip


def _hospital(feeds: Path, everybody: list[Person]) -> None:
    a, b, c = everybody[3], everybody[4], everybody[5]
    visitor = Person(400)
    write(feeds / "apc/RZ1/apc_2026Q1.csv", episode_header(), [
        episode("E1", "2026-04-01", "9", _identity(a), "S1", 1, "21", ["J449", "I10"]),
        episode("E2", "2026-04-01", "9", _identity(a), "S1", 2, "21", ["I10", "E119"]),
        episode("E3", "2026-04-01", "9", _identity(b, "unverified"), "S2", 1, "11", ["C509"]),
        episode("E4", "2026-04-01", "9", _identity(c, "withheld"), "S3", 1, "12", ["O800"]),
        episode("E5", "2026-04-01", "9", _identity(c), "S4", 1, "12", ["K359"]),
        episode("E6", "2026-04-01", "9", _identity(visitor), "S5", 1, "2D", ["S720"]),
    ])  # fmt: skip
    write(feeds / "apc/RZ1/apc_2026Q2.csv", episode_header(), [
        episode("E2", "2026-07-01", "9", _identity(a), "S1", 2, "21", ["I10", "N179"]),
        episode("E5", "2026-07-01", "1", _identity(c), "S4", 1, "12", ["K359"]),
    ])  # fmt: skip
    header = ["EMERGENCY_CARE_ATTENDANCE_IDENTIFIER", "CDS_EXTRACT_DATE", "CDS_UPDATE_TYPE", *CDS_IDENTITY,
              "ORGANISATION_SITE_IDENTIFIER_OF_TREATMENT", "EMERGENCY_CARE_DEPARTMENT_TYPE", "EMERGENCY_CARE_ATTENDANCE_CATEGORY",
              "EMERGENCY_CARE_ARRIVAL_MODE_SNOMED_CT", "EMERGENCY_CARE_ARRIVAL_DATE", "EMERGENCY_CARE_ARRIVAL_TIME",
              "EMERGENCY_CARE_DEPARTURE_DATE", "EMERGENCY_CARE_DEPARTURE_TIME", "EMERGENCY_CARE_ACUITY_SNOMED_CT",
              "EMERGENCY_CARE_CHIEF_COMPLAINT_SNOMED_CT", "EMERGENCY_CARE_DIAGNOSIS_SNOMED_CT", "EMERGENCY_CARE_INJURY_MECHANISM_SNOMED_CT",
              "EMERGENCY_CARE_DISCHARGE_DESTINATION_SNOMED_CT", "ACCOMMODATION_STATUS_SNOMED_CT"]  # fmt: skip
    write(feeds / "ecds/RZ1/ecds_2026.csv", header, [
        (f"A{n}", "2026-10-01", "9", *_identity(p, kind), "RZ101", "01", "1", "73211009", "2026-05-05", "23:30:00", "2026-05-06", "01:00:00",
         "", "", "44054006", "", "", "") for n, (p, kind) in enumerate([(a, "verified"), (b, "unverified"), (c, "withheld")])
    ])  # fmt: skip
    write(feeds / "op/RZ1/op_2026.csv",
          ["ATTENDANCE_IDENTIFIER", "CDS_EXTRACT_DATE", "CDS_UPDATE_TYPE", *CDS_IDENTITY, "APPOINTMENT_DATE", "ACTIVITY_TREATMENT_FUNCTION_CODE",
           "FIRST_ATTENDANCE_CODE", "ATTENDED_OR_DID_NOT_ATTEND_CODE", "OUTCOME_OF_ATTENDANCE_CODE", "PRIORITY_TYPE_CODE"],
          [(f"O{n}", "2026-10-01", "9", *_identity(p), "2026-06-0" + str(n + 1), "320", 1, 5, 1, 1) for n, p in enumerate(everybody[:4])])  # fmt: skip
    write(feeds / "urgent/RZ4/urgent_2026.csv",
          ("CALL_ID", "NHS_NUMBER", STATUS, "PERSON_GIVEN_NAME", "PERSON_FAMILY_NAME", "PERSON_BIRTH_DATE", GENDER, "POSTCODE", "CALL_DATE", "CALL_TIME",
           "SERVICE", "REASON", "DISPOSITION", "CONVEYED"),
          [("C1", a.nhs, "01", "", "", a.birth, a.sex, a.postcode, "2026-05-05", "22:15:00", 999, "fall", "ambulance sent", "Y"),
           ("C2", "", "07", b.given, b.family, b.birth, b.sex, b.postcode, "2026-05-06", "02:15", 111, "unwell", "self care", "N")])  # fmt: skip
    write(feeds / "deaths/QZ1/deaths.csv",
          ("NHS_NUMBER", STATUS, "PERSON_GIVEN_NAME", "PERSON_FAMILY_NAME", "PERSON_BIRTH_DATE", GENDER, "POSTCODE_OF_USUAL_ADDRESS", "DEATH_DATE", "UNDERLYING_CAUSE_OF_DEATH_ICD"),
          [(everybody[7].nhs, "01", everybody[7].given, everybody[7].family, everybody[7].birth, everybody[7].sex, everybody[7].postcode, "2026-08-08", "I219")])  # fmt: skip


def _community(feeds: Path, everybody: list[Person]) -> None:
    for family, organisation, prefix, head, team in (
        ("csds", "RZ2", "cyp", "csds000header", "12"),
        ("mhsds", "RZ3", "mhs", "mhs000header", "A06"),
    ):
        for submission, date, minutes in (("SUB1", "2026-04-20", 20), ("SUB2", "2026-05-20", 25)):
            folder = feeds / family / organisation / submission
            write(folder / f"{head}.csv",
                  ("UNIQUE_SUBMISSION_ID", "REPORTING_PERIOD_START_DATE", "REPORTING_PERIOD_END_DATE", "SUBMISSION_DATE", "ORGANISATION_IDENTIFIER_CODE_OF_PROVIDER"),
                  [(submission, "2026-01-01", "2026-03-31", date, organisation)])  # fmt: skip
            write(folder / f"{prefix}001mpi.csv",
                  ("UNIQUE_SUBMISSION_ID", "LOCAL_PATIENT_IDENTIFIER_EXTENDED", "NHS_NUMBER", STATUS, "PERSON_BIRTH_DATE", GENDER, "ETHNIC_CATEGORY",
                   "POSTCODE_OF_USUAL_ADDRESS", "PERSON_GIVEN_NAME", "PERSON_FAMILY_NAME"),
                  [(submission, f"M{p.number}", p.nhs, "01", p.birth, p.sex, "C", p.postcode, "", "") for p in everybody[:3]])  # fmt: skip
            write(folder / f"{prefix}101referral.csv",
                  ("UNIQUE_SUBMISSION_ID", "SERVICE_REQUEST_IDENTIFIER", "LOCAL_PATIENT_IDENTIFIER_EXTENDED", "REFERRAL_REQUEST_RECEIVED_DATE", "SERVICE_OR_TEAM_TYPE_REFERRED_TO"),
                  [(submission, f"R{p.number}", f"M{p.number}", "2026-01-05", team) for p in everybody[:3]])  # fmt: skip
            write(folder / f"{prefix}201carecontact.csv",
                  ("UNIQUE_SUBMISSION_ID", "CARE_CONTACT_IDENTIFIER", "SERVICE_REQUEST_IDENTIFIER", "CARE_CONTACT_DATE", "CLINICAL_CONTACT_DURATION_OF_CARE_CONTACT",
                   "ACTIVITY_LOCATION_TYPE_CODE", "ATTENDED_OR_DID_NOT_ATTEND_CODE"),
                  [(submission, f"K{p.number}", f"R{p.number}", "2026-02-05", minutes, "A01", 5) for p in everybody[:3]] + [(submission, "K99", "R99", "2026-02-05", 5, "A01", 5)])  # fmt: skip


CLD_HEADER = ("Submission_Date", "LA_Person_Unique_Identifier", "NHS_Number", "Given_Name", "Family_Name", "Date_of_Birth", "Gender", "Ethnicity", "Postcode",
              "Client_Type", "Event_Type", "Event_Reference", "Event_Start_Date", "Event_End_Date", "Service_Type", "Delivery_Mechanism",
              "Primary_Support_Reason", "Accommodation_Status", "Event_Outcome")  # fmt: skip


def _councils(feeds: Path, everybody: list[Person]) -> None:
    a, b = everybody[1], everybody[2]

    def care(sent: str, p: Person, nhs: str, reference: str, start: str, end: str) -> tuple[object, ...]:
        return (sent, f"LA{p.number}", nhs, p.given, p.family, p.birth.strftime("%d/%m/%Y"), "Female" if p.sex == "2" else "Male", "White British",
                p.postcode, "Service User", "Service", reference, start, end, "Residential", "Commissioned", "Personal care", "Café", "Other")  # fmt: skip

    write(feeds / "cld/CLN/cld_2026Q1.csv", CLD_HEADER, [
        care("30/04/2026", a, a.nhs, "V1", "01/01/2026", "31/01/2026"), care("30/04/2026", a, a.nhs, "V2", "01/02/2026", "28/02/2026"),
        care("30/04/2026", a, a.nhs, "V3", "05/03/2026", ""), care("30/04/2026", b, "", "V4", "01/01/2026", ""),
    ], "windows-1252", "\r\n")  # fmt: skip
    write(
        feeds / "cld/CLN/cld_2026Q2.csv",
        CLD_HEADER,
        [care("31/07/2026", a, a.nhs, "V3", "05/03/2026", "30/06/2026")],
        "windows-1252",
        "\r\n",
    )
    write(feeds / "council/E07000136/circumstance.csv",
          ("PERSON_REFERENCE", "NHS_NUMBER", "GIVEN_NAME", "FAMILY_NAME", "DATE_OF_BIRTH", "SEX", "ADDRESS_LINE_1", "ADDRESS_LINE_2", "POSTCODE", "UPRN", "KIND", "START_DATE", "END_DATE"),
          [("H1", "", b.given, b.family, b.birth, b.sex, b.line1, "", b.postcode, b.uprn, "council tax support", "2025-04-01", ""),
           ("H2", "", "Quentin", "Nowhere-Known", "1971-01-23", "1", "9 Elsewhere Street", "", "ZQ8 8AA", "", "housing need", "2025-04-01", "")])  # fmt: skip
    write(feeds / "programme/UZ001/contact.csv", ("INITIATIVE", "NHS_NUMBER", "CONTACT_DATE", "OUTCOME"),
          [("falls-2025", a.nhs, "2025-09-09", "Invited"), ("falls-2025", nhs_number(998_123_456), "2025-09-09", "invited")])  # fmt: skip
