"""Summary of a JUnit XML report: failed tests with their message, skipped tests, last line "N passed, N failed, N skipped"."""
import sys
import xml.etree.ElementTree as ET

rows = []
try:
    for case in ET.parse(sys.argv[1]).getroot().iter("testcase"):
        state, text = "passed", ""
        for kind in ("failure", "error", "skipped"):
            node = case.find(kind)
            if node is not None:
                state = "skipped" if kind == "skipped" else "failed"
                text = " ".join((node.get("message") or node.text or "").split(" | at ")[0].split("\tat ")[0].split())[:160]
        rows.append((state, case.get("classname").split(".")[-1] + "#" + case.get("name").split("(")[0], text))
except (OSError, ET.ParseError) as e:
    rows.append(("failed", "no report", str(e)))
for state, name, text in sorted(rows):
    if state != "passed":
        print(f"{state.upper():8}{name}: {text}")
n = {s: sum(r[0] == s for r in rows) for s in ("passed", "failed", "skipped")}
print(f"{n['passed']} passed, {n['failed']} failed, {n['skipped']} skipped")
sys.exit(1 if n["failed"] else 0)
