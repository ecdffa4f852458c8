// Parts of a recording in which no channel has speech, found in its outline.

const SHORTEST_S = 1.5;
const AFTER_SPEECH_S = 0.3;
const QUIET = 0.02;
const LOUD_PART = 0.99;

// A channel is quiet below 1/50 of its own loud parts. A channel that is all noise is never quiet, so that nothing is
// skipped there.

export function quietParts({ peaks, points_each_second: rate }) {
  const limits = peaks.map((points) => QUIET * [...points].sort((a, b) => a - b)[Math.floor(points.length * LOUD_PART)]);
  const parts = [];
  let start = null;
  for (let point = 0; point <= peaks[0].length; point += 1) {
    const isQuiet = point < peaks[0].length && peaks.every((points, channel) => points[point] <= limits[channel]);
    if (isQuiet && start === null) start = point;
    if (!isQuiet && start !== null) {
      if ((point - start) / rate >= SHORTEST_S) parts.push([start / rate + AFTER_SPEECH_S, point / rate]);
      start = null;
    }
  }
  return parts;
}
