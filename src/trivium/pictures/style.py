"""How a picture looks, light and dark. Nothing in it comes from data."""

from __future__ import annotations

COLOURS = """
:root { color-scheme: light dark;
  --page: #fbfbf9; --card: #ffffff; --ink: #1d2129; --soft: #5d6673; --line: #e3e5e8; --grid: #eceef0;
  --value: #2a4d7c; --band: #4f8fd6; --band-alpha: .25; --block: #c4182b; --warn: #b05a00; --calm: #7a8490;
  --before: #98a2ae; --after: #2a6fb8; --focus: #0a5fd0; }
@media (prefers-color-scheme: dark) { :root {
  --page: #14171c; --card: #1b1f26; --ink: #e6e9ee; --soft: #a0a9b6; --line: #2d333d; --grid: #262b34;
  --value: #a9c8ef; --band: #4f8fd6; --band-alpha: .3; --block: #ff6b74; --warn: #f0a24a; --calm: #8b95a3;
  --before: #6f7a88; --after: #6fb1f2; --focus: #7db5ff; } }
"""

DRAWING = """
svg text { font: 11.5px/1 ui-sans-serif, system-ui, "Segoe UI", sans-serif; fill: var(--soft);
  font-variant-numeric: tabular-nums; }
.grid { stroke: var(--grid); } .band { fill: var(--band); fill-opacity: var(--band-alpha);
  stroke: var(--band); stroke-opacity: .3; stroke-width: 1.5; }
.line { fill: none; stroke: var(--value); stroke-opacity: .45; stroke-width: 1.3; stroke-linejoin: round; }
.dot { fill: var(--value); }
.off { fill: var(--value); } .aside { fill: var(--card); stroke: var(--value); stroke-width: 1.4; }
.hover { fill: transparent; } .hover:hover { fill: var(--soft); fill-opacity: .08; }
.mark { --tone: var(--warn); cursor: pointer; } .mark.block { --tone: var(--block); }
.mark.false, .mark.closed { --tone: var(--calm); }
.mark .stem { stroke: var(--tone); stroke-opacity: .5; stroke-dasharray: 2 3; }
.mark .halo { fill: var(--tone); fill-opacity: .18; }
.mark .core { fill: var(--tone); stroke: var(--card); stroke-width: 1.2; }
.mark.false .core, .mark.closed .core { fill: var(--card); stroke: var(--tone); stroke-width: 2; }
.mark.true .halo { fill: none; stroke: var(--tone); stroke-width: 1.6; }
.mark .note { fill: var(--tone); font-weight: 650; font-size: 12.5px; paint-order: stroke; stroke: var(--card);
  stroke-width: 3px; }
.mark:focus-visible { outline: none; } .mark:focus-visible .halo { stroke: var(--focus); stroke-width: 3; }
.whisker { stroke: var(--tone); stroke-width: 1.2; }
.reach { stroke: var(--tone); stroke-width: 5; stroke-opacity: .45; }
.box { fill: var(--tone); } .median { stroke: var(--ink); stroke-width: 2; }
.before { --tone: var(--before); } .after { --tone: var(--after); }
"""

PAGE = """
* { box-sizing: border-box; } html { scroll-behavior: smooth; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body { margin: 0; background: var(--page); color: var(--ink); overflow-wrap: anywhere;
  font: 15px/1.5 ui-sans-serif, system-ui, "Segoe UI", sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 28px 24px 80px; }
h1 { font-size: 25px; line-height: 1.25; margin: 0 0 6px; letter-spacing: -.01em; }
h2 { font-size: 17px; margin: 34px 0 12px; } h3 { font-size: 16px; margin: 0; } h4 { font-size: 13px; margin: 0 0 4px;
  color: var(--soft); font-weight: 600; }
p { margin: 0 0 8px; } a { color: var(--focus); } :focus-visible { outline: 3px solid var(--focus); outline-offset: 2px;
  border-radius: 4px; }
code { font: 13px/1.4 ui-monospace, Menlo, Consolas, monospace; }
.soft { color: var(--soft); } .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px;
  margin: 0 0 14px; scroll-margin-top: 12px; }
.card.loud { border-left: 4px solid var(--block); } .card.mild { border-left: 4px solid var(--warn); }
.card:target { outline: 2px solid var(--focus); }
.top { display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: baseline; margin-bottom: 8px; }
.badge { display: inline-block; border-radius: 99px; padding: 1px 9px; font-size: 12px; font-weight: 600;
  border: 1px solid currentColor; color: var(--calm); white-space: nowrap; }
.badge.block { color: var(--block); } .badge.warn { color: var(--warn); }
.plots { display: grid; grid-template-columns: minmax(0, 1.7fr) minmax(0, 1fr); gap: 12px 28px; }
.plots.single { grid-template-columns: minmax(0, 1fr); } figure { margin: 0 0 8px; overflow-x: auto; }
svg { display: block; width: 100%; height: auto; min-width: 420px; max-width: 760px; }
svg.boxes { min-width: 300px; max-width: 460px; }
.alert { padding: 9px 0 9px 12px; border-bottom: 1px solid var(--grid); border-left: 4px solid transparent;
  scroll-margin-top: 12px; } .alert:last-child { border-bottom: 0; } .alert:target { outline: 2px solid var(--focus); }
.alert.loud { border-left-color: var(--block); } .alert.mild { border-left-color: var(--warn); }
.alert p { margin: 2px 0 0; } .alert .top { margin: 0; font-size: 13.5px; } .alert code { margin-left: auto; }
.alerts { padding: 4px 18px 4px 8px; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; } th { text-align: left; font-weight: 600;
  color: var(--soft); } th, td { padding: 3px 12px 3px 0; border-bottom: 1px solid var(--grid); vertical-align: top; }
details { margin-top: 6px; } summary { cursor: pointer; color: var(--soft); font-size: 13.5px; }
.wide { overflow-x: auto; } dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; } ul.card { padding-left: 36px; }
.index { columns: 4 200px; font-size: 13.5px; margin: 0; padding: 0; list-style: none; }
.share { display: grid; grid-template-columns: minmax(60px, 30%) 1fr 112px; gap: 2px 8px; align-items: center;
  font-size: 13px; margin-bottom: 5px; }
.share .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.bar { height: 8px; border-radius: 2px; min-width: 1px; background: var(--tone); } .bar + .bar { margin-top: 2px; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 13px; color: var(--soft); align-items: center; }
.legend svg { display: inline-block; width: 22px; min-width: 0; height: 22px; vertical-align: -6px; }
@media (max-width: 820px) { .plots { grid-template-columns: minmax(0, 1fr); } main { padding: 18px 14px 60px; } }
@media print { .card { break-inside: avoid; } details { display: none; } }
"""
