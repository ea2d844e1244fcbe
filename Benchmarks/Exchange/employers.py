"""Writes a table of fictional (虚构) employers with valid credit codes.

    python3 employers.py COUNT > employers.csv

The same count gives the same table. Check digits after GB 32100-2015 and
GB 11714-1997.
"""
import sys

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WEIGHTS = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28]
ORGANISATION_WEIGHTS = [3, 7, 9, 10, 5, 8, 4, 2]


def organisation_code(number):
    body = f"F{number:07d}"
    total = sum(
        (int(c) if c.isdigit() else ord(c) - 55) * w for c, w in zip(body, ORGANISATION_WEIGHTS)
    )
    check = 11 - total % 11
    return body + ("X" if check == 10 else "0" if check == 11 else str(check))


def credit_code(number):
    body = "91220602" + organisation_code(number)
    total = sum(ALPHABET.index(c) * w for c, w in zip(body, WEIGHTS))
    return body + ALPHABET[(31 - total % 31) % 31]


def main(count):
    print("name,uscc,reg_address,phone,legal_rep,business_scope,founded_on")
    for i in range(count):
        print(
            f"虚构{i}号商贸有限公司,{credit_code(i)},虚构路{i % 900}号{i % 30}室,"
            f"138{10000000 + i},虚构{'王李张刘'[i % 4]},"
            f"日用百货、五金、建材批发零售（虚构）第{i % 77}类,"
            f"20{10 + i % 10}-0{1 + i % 9}-1{i % 10}"
        )


main(int(sys.argv[1]))
