#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Holds docs/problems.md against the sources: every code that is reported is listed there and the other way round, and the same
ones are harmless."""
import pathlib
import re
import sys

CODE = r'"([a-z0-9]+(?:-[a-z0-9]+)*)"'
# Where a problem is made: the code follows. `report` and `unsound` take something else first.
SITE = re.compile(r'(?:\b(?:problems_?|opening_?)\.add|\bproblem|\breport|\bunsound|\bProblem ?)[({]\s*(?:[\w.&> =-]+, ?)?'
                  r'(?:[\w.]+ \? )?' + CODE + r'(?: : ' + CODE + r')?')
ASSIGNED = re.compile(r'\bcode = ' + CODE + r';')
CHOSEN = re.compile(r'const char\* \w+ = [^;?]*\? ' + CODE + ' : ' + CODE + ';')
ARRAY = re.compile(r'kHarmless = ?[^{]*\{(.*?)\}\)?;', re.S)
ROW = re.compile(r'^\| (`[^|]*`) \| ([^|]*) \| .* \|$', re.M)


def without_comments(text):
    return re.sub(r'//[^\n]*', '', text)


def reported(sources):
    codes = set()
    for text in sources.values():
        for pattern in (SITE, ASSIGNED, CHOSEN):
            for match in pattern.finditer(text):
                codes.update(code for code in match.groups() if code)
    once = re.search(r'kOnce = [^{]*\{(.*?)\}\);', sources['lib/mime/part_facts.cpp'], re.S).group(1)
    return codes | {'duplicate-' + name for name in re.findall(CODE, once)}


def documented(page):
    """The codes of the page, each with its word on harm."""
    rows = {}
    for names, harmless in ROW.findall(page):
        for name in re.findall('`([^`]+)`', names):
            rows[name] = harmless
    row = re.search(r'^\| `duplicate-NAME` .*NAME is one of (.*?) \|$', page, re.M)
    del rows['duplicate-NAME']
    rows.update({'duplicate-' + name: '' for name in re.findall('`([^`]+)`', row.group(1))})
    return rows


def main(root):
    sources = {str(path.relative_to(root)): without_comments(path.read_text())
               for module in ('mime', 'mail') for path in sorted((root / 'lib' / module).glob('*.cpp'))}
    codes = reported(sources)
    rows = documented((root / 'docs' / 'problems.md').read_text())
    harmless = {code for text in sources.values() for array in ARRAY.findall(text) for code in re.findall(CODE, array)}
    faults = [f'docs/problems.md does not list {code}' for code in sorted(codes - rows.keys())]
    faults += [f'nothing reports {code}, which docs/problems.md lists' for code in sorted(rows.keys() - codes)]
    faults += [f'docs/problems.md and the sources differ on whether {code} is harmless'
               for code in sorted({code for code, word in rows.items() if word == 'yes'} ^ harmless)]
    faults += [f'docs/problems.md says "{word}" of {code}, which is no word for harm'
               for code, word in sorted(rows.items()) if word not in ('', 'yes', 'below the root', 'at the root')]
    if len(codes) < 50:
        faults.append(f'only {len(codes)} codes were found: this check reads the sources wrongly')
    print('\n'.join(faults) or f'{len(codes)} codes')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main(pathlib.Path(sys.argv[1])))
