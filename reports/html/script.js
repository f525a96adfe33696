// Replaces each static figure of the transfer rate by one that can be zoomed.
// Without scripts, and in print, the static figures stand.
(function () {
  "use strict";
  if (typeof uPlot === "undefined") return;
  var prefixes = [["G", 1e9], ["M", 1e6], ["k", 1e3]];
  function rate(v) {
    for (var i = 0; i < prefixes.length; i++) {
      if (Math.abs(v) >= prefixes[i][1]) return +(v / prefixes[i][1]).toPrecision(3) + " " + prefixes[i][0] + "B/s";
    }
    return v + " B/s";
  }
  // One shared time axis: every curve is sampled on the union of all times.
  function aligned(curves) {
    var times = {};
    curves.forEach(function (c) { c.t.forEach(function (t) { times[t] = true; }); });
    var x = Object.keys(times).map(Number).sort(function (a, b) { return a - b; });
    return [x].concat(curves.map(function (c) {
      var at = {};
      c.t.forEach(function (t, i) { at[t] = c.y[i]; });
      return x.map(function (t) { return t in at ? at[t] : null; });
    }));
  }
  document.querySelectorAll("figure.transfer").forEach(function (figure) {
    var curves = JSON.parse(figure.querySelector("script").textContent);
    if (!curves || !curves.length) return;
    var live = figure.querySelector(".live");
    live.style.display = "block";
    figure.querySelector(".static").style.display = "none";
    new uPlot({
      width: Math.max(320, figure.clientWidth - 24), height: 280,
      scales: { x: { time: false }, y: { range: function (u, low, high) { return [0, (high || 1) * 1.05]; } } },
      axes: [{ label: "seconds from the start of the trial" }, { size: 80, values: function (u, vs) { return vs.map(rate); } }],
      series: [{ label: "s" }].concat(curves.map(function (c) {
        return { label: c.name, stroke: c.colour, width: 1.5, spanGaps: true, value: function (u, v) { return v === null ? "–" : rate(v); } };
      })),
      legend: { show: curves.length <= 8 }
    }, aligned(curves), live);
  });
})();
