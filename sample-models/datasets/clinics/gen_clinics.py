#!/usr/bin/env python3
"""Makes patients.csv and visits.csv here and ../insured/members.csv: invented people, the same on every machine.

1,200 patients, of whom 5 in 6 are insured, and 300 insured people who never come; 14 clinics, some of them with one
or two patients only, whose names must not be released.
"""
import csv
import datetime
import pathlib
import random

HERE = pathlib.Path(__file__).resolve().parent
CLINICS = ["东湖社区卫生中心", "Harbour Clinic", "南山门诊", "St. Anne's", "北站诊所", "Riverside", "新华街门诊", "Old Mill Surgery",
           "梅林卫生站", "Île-du-Nord"]
RARE = ["Dr. Ferro", "柳树巷诊所", "Night Clinic", "山顶卫生室"]
SCHEMES = ["employee", "resident", "student"]
FIRST = datetime.date(2024, 1, 1)


def write(path, head, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(head)
        out.writerows(rows)


def main():
    rng = random.Random(20260101)
    patients, visits, members = [], [], []
    weights = [1 / (place + 2) for place in range(len(CLINICS))]
    for number in range(1, 1501):
        born = datetime.date(1930, 1, 1) + datetime.timedelta(days=rng.randrange(33_000))
        scheme = rng.choices(SCHEMES, [5, 4, 1])[0]
        if number > 1200 or number % 6:
            members.append([number, scheme, rng.randrange(2005, 2024)])
        if number > 1200:
            continue
        patients.append([number, born.isoformat(), rng.choice(["N", "S", "E", "W"])])
        usual = rng.choices(CLINICS, weights)[0]
        for _ in range(min(12, 1 + int(rng.expovariate(0.45)))):
            clinic = usual if rng.random() < 0.8 else rng.choices(CLINICS, weights)[0]
            if number in (17, 400, 401, 902):
                clinic = RARE[number % len(RARE)]
            day = FIRST + datetime.timedelta(days=rng.randrange(731))
            visits.append([number, clinic, day.isoformat(), "%.2f" % rng.lognormvariate(4, 0.9)])
    rng.shuffle(visits)
    write(HERE / "patients.csv", ["id", "born", "district"], patients)
    write(HERE / "visits.csv", ["id", "clinic", "day", "cost"], visits)
    write(HERE.parent / "insured" / "members.csv", ["id", "scheme", "since"], members)


if __name__ == "__main__":
    main()
