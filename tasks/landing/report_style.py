"""How the HTML report looks: one style sheet, without fonts, images or anything else from elsewhere."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root { --ground:#fff; --card:#f6f7f9; --ink:#1c2330; --soft:#5b6577; --line:#dde1e8; --bar:#4f7cff; --warm:#fff4d6;
  --warm-ink:#6b4e00; --bad:#fde8e8; --bad-ink:#8f1d1d;
  --c1:#0b5cad; --c2:#c8550a; --c3:#08a35f; --c4:#d91fe0; --c5:#7d8797; --c6:#443705; --c7:#0e3c2d; }
@media (prefers-color-scheme: dark) { :root { --ground:#12161d; --card:#1b212b; --ink:#e6eaf1; --soft:#9aa5b8;
  --line:#2d3644; --bar:#6f95ff; --warm:#3a2f10; --warm-ink:#ffdf8a; --bad:#3f1a1d; --bad-ink:#ffb4b4;
  --c1:#6cb2ff; --c2:#ff9d5c; --c3:#dfd81c; --c4:#c926bd; --c5:#8893a5; --c6:#cffef6; --c7:#ea4859; } }
* { box-sizing:border-box; }
body { margin:0; background:var(--ground); color:var(--ink); font:15px/1.5 system-ui,sans-serif; }
main { max-width:1240px; margin:0 auto; padding:24px 20px 60px; }
h1 { font-size:24px; line-height:1.25; margin:0; overflow-wrap:anywhere; }
h2 { font-size:17px; margin:36px 0 10px; }
header p, .note, small, dt { color:var(--soft); }
header p { margin:4px 0 16px; }
.note { margin:0 0 8px; font-size:13px; }
.simulated, .unhealthy { padding:10px 14px; border-radius:8px; font-weight:600; background:var(--warm);
  color:var(--warm-ink); }
.unhealthy { background:var(--bad); color:var(--bad-ink); }
.headline { display:grid; grid-template-columns:repeat(auto-fill,minmax(158px,1fr)); gap:10px; margin:16px 0 0; }
.headline div { background:var(--card); border-radius:8px; padding:10px 14px; overflow-wrap:anywhere; }
.drift { margin:10px 0 0; padding:10px 14px; border-radius:8px; background:var(--warm); color:var(--warm-ink); }
.drift p { margin:0; overflow-wrap:anywhere; }
dt { font-size:13px; }
dd { margin:0; font-size:20px; font-variant-numeric:tabular-nums; }
dd small { display:block; font-size:12px; }
.wide { overflow-x:auto; }
table { border-collapse:collapse; width:100%; font-size:14px; }
th, td { padding:6px 12px 6px 0; text-align:left; vertical-align:top; border-bottom:1px solid var(--line); }
th { color:var(--soft); font-weight:600; font-size:13px; white-space:nowrap; }
td.text { overflow-wrap:anywhere; min-width:90px; max-width:520px; }
td:first-child { min-width:118px; }
.number { text-align:right; white-space:nowrap; font-variant-numeric:tabular-nums; }
.bar { display:block; height:4px; margin-top:3px; border-radius:2px; background:var(--line); min-width:60px;
  max-width:220px; }
.bar span { display:block; height:4px; border-radius:2px; background:var(--bar); }
.words p { margin:0 0 6px; max-width:80ch; overflow-wrap:anywhere; }
.words p:first-child { font-size:17px; }
.words .caution { padding:6px 12px; border-radius:8px; background:var(--warm); color:var(--warm-ink); }
.charts { columns:2 500px; column-gap:14px; }
.chart { margin:0 0 14px; break-inside:avoid; padding:14px 16px; background:var(--card); border-radius:10px; min-width:0; }
.chart h3 { font-size:15px; margin:0; }
.chart figcaption p { margin:2px 0 12px; font-size:13px; color:var(--soft); overflow-wrap:anywhere; }
.chart svg { display:block; width:100%; max-width:640px; height:auto; font-size:12px; }
.chart .slim { display:none; }
.key { display:flex; flex-wrap:wrap; gap:4px 16px; margin:0 0 8px; padding:0; list-style:none; font-size:13px; }
.key li { overflow-wrap:anywhere; }
.key i { display:inline-block; width:12px; height:12px; border-radius:3px; margin-right:6px; vertical-align:-1px; }
details { margin-top:10px; font-size:13px; }
summary { cursor:pointer; color:var(--soft); }
.unseen { position:absolute; width:1px; height:1px; overflow:hidden; clip-path:inset(50%); }
.recipe { overflow-x:auto; }
.group { border:1px solid var(--line); border-radius:10px; padding:8px 12px 12px; flex:1 1 200px; min-width:0; }
.group .group { background:var(--card); }
.group .group .group { background:var(--ground); }
.head { margin:0 0 8px; font-size:13px; overflow-wrap:anywhere; }
.head i { color:var(--soft); }
.again { margin:10px 0 0; font-size:13px; color:var(--soft); text-align:center; }
.layer { display:flex; flex-wrap:wrap; gap:10px; justify-content:center; align-items:flex-start; }
.layer + .layer::before { content:"\\2193"; flex:1 0 100%; text-align:center; color:var(--soft); line-height:1.6; }
.box { background:var(--ground); border:1px solid var(--line); border-left:4px solid var(--bar); border-radius:8px;
  padding:7px 12px; flex:0 1 260px; min-width:0; font-size:13px; overflow-wrap:anywhere; }
.group .box { background:var(--ground); }
.box > b, .box > span { display:block; }
.box > span { color:var(--soft); font-variant-numeric:tabular-nums; }
.box:not(.ask):not(.specialist) { border-left-color:var(--soft); border-left-style:double; }
.box.idle { opacity:.65; border-left-color:var(--line); }
.label { display:block; font-size:12px; color:var(--soft); }
.box > .label::before, .head > .label::before { content:"\\2192\\00a0"; }
@media (max-width:600px) { .chart { padding:12px; } .chart .roomy { display:none; } .chart .slim { display:block; }
  main { padding:16px 12px 40px; } .headline { grid-template-columns:1fr 1fr; }
  dd { font-size:17px; } .group { padding:6px 8px 10px; } .box { flex-basis:100%; } }
@media print { .wide, .recipe { overflow:visible; } }
"""
