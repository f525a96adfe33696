// Replaces each static figure of the transfer rate by one that can be zoomed
// and read off. Without scripts, and in print, the static figures stand.
(function () {
  "use strict";
  if (typeof uPlot === "undefined") return;

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  }

  // Rates come in MB/s.
  function rate(v) {
    if (v >= 1000) return +(v / 1000).toPrecision(3) + " GB/s";
    if (v >= 1 || v === 0) return +v.toPrecision(3) + " MB/s";
    if (v >= 0.001) return +(v * 1000).toPrecision(3) + " kB/s";
    return +(v * 1e6).toPrecision(3) + " B/s";
  }

  function median(values) {
    values.sort(function (a, b) { return a - b; });
    var middle = values.length >> 1;
    return values.length % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  }

  // One time axis for all: every curve is sampled on the union of all times.
  function aligned(curves) {
    var times = {};
    function at(curve, i) { return +(i * curve.step).toFixed(6); }
    curves.forEach(function (c) { c.y.forEach(function (_, i) { times[at(c, i)] = true; }); });
    var x = Object.keys(times).map(Number).sort(function (a, b) { return a - b; });
    return [x].concat(curves.map(function (c) {
      var y = {};
      c.y.forEach(function (v, i) { y[at(c, i)] = v; });
      return x.map(function (t) { return t in y ? y[t] : null; });
    }));
  }

  // What the cursor is on, as a median over the trials of each arm.
  function readOff(figure, data) {
    var out = figure.querySelector(".readout");
    var hint = "point at the figure to read it off; drag to zoom, double-click to zoom out";
    out.textContent = hint;
    return function (u) {
      var i = u.cursor.idx;
      if (i === null || i === undefined) { out.textContent = hint; return; }
      var said = data.arms.map(function (arm, n) {
        var values = [];
        data.curves.forEach(function (c, k) {
          var v = u.data[k + 1][i];
          if (c.arm === n && v !== null) values.push(v);
        });
        return values.length ? arm.name + " " + rate(median(values)) : "";
      }).filter(Boolean);
      out.textContent = u.data[0][i] + " s: " + said.join(", ") + " (medians of trials)";
    };
  }

  function draw(figure) {
    var live = figure.querySelector(".live");
    var data = JSON.parse(figure.querySelector("script").textContent);
    if (!data.curves || !data.curves.length) return;
    if (figure.plot) figure.plot.destroy();
    figure.classList.add("drawn");
    var ink = colour("ink"), grid = { stroke: colour("grid"), width: 1 }, ticks = { stroke: colour("line"), width: 1 };
    figure.plot = new uPlot({
      width: live.clientWidth, height: 260,
      scales: { x: { time: false }, y: { range: function (u, low, high) { return [0, (high || 1) * 1.05]; } } },
      axes: [
        { label: "seconds from the start of the trial", labelFont: "13px system-ui, sans-serif", stroke: ink, grid: grid, ticks: ticks },
        { size: 80, stroke: ink, grid: grid, ticks: ticks, values: function (u, vs) { return vs.map(rate); } }
      ],
      series: [{}].concat(data.curves.map(function (c) {
        return { stroke: colour("arm" + data.arms[c.arm].colour), width: 1.25, spanGaps: true, points: { show: c.y.length < 3 } };
      })),
      legend: { show: false },
      hooks: { setCursor: [readOff(figure, data)] }
    }, aligned(data.curves), live);
  }

  // A figure within a closed part is drawn when that is opened.
  function drawAll(again) {
    document.querySelectorAll("figure.transfer").forEach(function (figure) {
      if (!figure.closest("details:not([open])") && (again || !figure.plot)) draw(figure);
    });
  }
  drawAll(false);
  document.querySelectorAll("details").forEach(function (d) {
    d.addEventListener("toggle", function () { drawAll(false); });
  });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", function () { drawAll(true); });
  window.addEventListener("resize", function () {
    document.querySelectorAll("figure.drawn").forEach(function (figure) {
      var width = figure.querySelector(".live").clientWidth;
      if (width > 0) figure.plot.setSize({ width: width, height: 260 });
    });
  });
})();
