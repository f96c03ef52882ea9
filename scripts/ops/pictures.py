"""Pictures of the Grafana dashboards for the documents, drawn without Grafana: the dashboards' own queries, asked of a running Prometheus.

python -m scripts.ops.pictures --prometheus http://127.0.0.1:9090 --minutes 15

Layout, titles, queries, units and thresholds are those of the JSON files; the drawing is echarts' in a headless Chromium, so colours and fonts
differ from Grafana's.
"""

from __future__ import annotations

import json
import shutil
import time
from html import escape
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
DASHBOARDS = ROOT / "besu-network/monitoring/grafana/dashboards"
ECHARTS = ROOT / "backend/web/static/vendor/echarts/echarts.min.js"
IMAGES = ROOT / "docs/images"
WIDTH, CELL = 1440, 36
"""Width of a picture and height of a grid unit, pixels; a dashboard is 24 units wide."""
POINTS = 180
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]

STYLE = """
body{margin:0;background:#f4f5f5;font:13px sans-serif;color:#24292e}
#board{position:relative;margin:8px}
.panel{position:absolute;box-sizing:border-box;padding:3px}
.panel>div{background:#fff;border:1px solid #e0e2e4;height:100%;box-sizing:border-box;padding:6px 8px;overflow:hidden}
h1{font-size:17px;margin:10px 14px 0}h2{font-size:12.5px;margin:0 0 4px}.chart{height:calc(100% - 20px)}
.value{font-size:34px;font-weight:600;text-align:center;padding-top:22px}
"""
DRAW = """
const text = (unit, v) => unit === 'percentunit' ? (v * 100).toFixed(v < 0.1 && v > 0 ? 1 : 0) + ' %' : unit === 's' ? (Math.abs(v) < 1 ? (v * 1000).toFixed(0) + ' ms' : v.toFixed(1) + ' s')
  : unit === 'bytes' ? (v >= 1e9 ? (v / 1e9).toFixed(1) + ' GB' : (v / 1e6).toFixed(0) + ' MB') : Math.abs(v) >= 100 ? v.toFixed(0) : String(+v.toFixed(2));
for (const one of panels) {
  const place = document.getElementById('p' + one.id);
  if (one.type === 'stat') { place.textContent = one.value === null ? 'no data' : text(one.unit, one.value); place.style.color = one.colour; continue; }
  echarts.init(place).setOption({ animation: false, grid: { left: 58, right: 10, top: 8, bottom: 44 }, xAxis: { type: 'time', axisLabel: { fontSize: 10, hideOverlap: true } },
    yAxis: { type: 'value', min: one.min, max: one.max, scale: true, axisLabel: { fontSize: 10, formatter: v => text(one.unit, v) } },
    legend: { bottom: 0, type: 'scroll', textStyle: { fontSize: 10 }, itemWidth: 14, itemHeight: 8 },
    series: one.series.map(s => ({ name: s.name, type: 'line', showSymbol: false, lineStyle: { width: 1.4 }, areaStyle: { opacity: 0.06 }, data: s.data })) });
}
document.title = 'drawn';
"""


def main(
    prometheus: Annotated[str, typer.Option(help="address of the Prometheus that is asked")] = "http://127.0.0.1:9090",
    minutes: Annotated[int, typer.Option(min=1, help="how much of the past is drawn")] = 30,
    out: Annotated[Path, typer.Option(help="folder of the pictures")] = IMAGES,
) -> None:
    """Draw every dashboard as dashboard-NAME.png."""
    program = next((found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None)
    if program is None:
        typer.echo("no Chromium on the search path; install one: apt-get install chromium", err=True)
        raise typer.Exit(2)
    end = float(int(time.time()))
    with httpx.Client(base_url=prometheus, timeout=30, trust_env=False) as client, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        page = browser.new_page(viewport={"width": WIDTH, "height": 800}, device_scale_factor=1)
        for path in sorted(DASHBOARDS.glob("*.json")):
            board = json.loads(path.read_text(encoding="utf-8"))
            panels = [panel_of(client, panel, end - 60 * minutes, end) for panel in board["panels"]]
            page.set_content(page_of(board))
            page.add_script_tag(content=ECHARTS.read_text(encoding="utf-8"))
            page.add_script_tag(content=f"{{const panels = {json.dumps(panels)};{DRAW}}}")
            page.wait_for_function("document.title === 'drawn'")
            target = out / f"dashboard-{path.stem}.png"
            page.screenshot(path=str(target), full_page=True)
            typer.echo(
                f"{target}: {sum(bool(one.get('series') or one.get('value') is not None) for one in panels)} of {len(panels)} panels have data"
            )
        browser.close()


def page_of(board: dict[str, Any]) -> str:
    """The page without its figures: every panel in its place."""
    unit = (WIDTH - 16) / 24
    cells = []
    for panel in board["panels"]:
        at = panel["gridPos"]
        box = (
            f"left:{at['x'] * unit:.0f}px;top:{at['y'] * CELL}px;width:{at['w'] * unit:.0f}px;height:{at['h'] * CELL}px"
        )
        kind = "value" if panel["type"] == "stat" else "chart"
        title = escape(panel["title"])
        cells.append(
            f'<div class="panel" style="{box}"><div><h2>{title}</h2><div class="{kind}" id="p{panel["id"]}"></div></div></div>'
        )
    height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in board["panels"]) * CELL
    return f'<style>{STYLE}</style><h1>{escape(board["title"])}</h1><div id="board" style="height:{height}px">{"".join(cells)}</div>'


def panel_of(client: httpx.Client, panel: dict[str, Any], start: float, end: float) -> dict[str, Any]:
    """What is drawn of a panel: its series, or its last value with the colour of its threshold."""
    defaults = panel["fieldConfig"]["defaults"]
    series = [one for target in panel["targets"] for one in series_of(client, target, start, end)]
    common = {"id": panel["id"], "type": panel["type"], "unit": defaults["unit"]}
    if panel["type"] != "stat":
        return {**common, "series": series, "min": defaults.get("min"), "max": defaults.get("max")}
    value = next((one for _, one in reversed(series[0]["data"]) if one is not None), None) if series else None
    steps = [
        step for step in defaults["thresholds"]["steps"] if value is None or (step["value"] or float("-inf")) <= value
    ]
    return {**common, "value": value, "colour": steps[-1]["color"] if value is not None else "grey"}


def series_of(client: httpx.Client, target: dict[str, Any], start: float, end: float) -> list[dict[str, Any]]:
    """The series that a query gives, named as the dashboard names them; points in milliseconds."""
    step = round((end - start) / POINTS, 3)
    query = {"query": target["expr"], "start": start, "end": end, "step": step}
    answer = client.get("/api/v1/query_range", params=query).raise_for_status().json()
    found = []
    for one in answer["data"]["result"]:
        known = {round(moment, 3): float(value) for moment, value in one["values"] if value not in {"NaN", "+Inf"}}
        if known:
            moments = [round(start + number * step, 3) for number in range(POINTS + 1)]
            data = [[moment * 1000, known.get(moment)] for moment in moments]  # a gap stays a gap
            found.append({"name": named(target["legendFormat"], one["metric"]), "data": data})
    return found


def named(pattern: str, labels: dict[str, str]) -> str:
    """A legend with its labels filled in; addresses shortened to be told apart."""
    for name, value in labels.items():
        short = f"{value[:8]}…" if value.startswith("0x") else value
        pattern = pattern.replace("{{" + name + "}}", short)
    return pattern


if __name__ == "__main__":
    typer.run(main)
