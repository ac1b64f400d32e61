// Numbers and instants as a reader sees them. The server says the same in lrs/dashboard/pages.py.

const ago = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const local = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
const utc = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });
// From how many seconds on, the length of the unit in seconds, its name.
const UNITS = [
  [63_115_200, 31_557_600, "year"],
  [5_259_600, 2_629_800, "month"],
  [86_400, 86_400, "day"],
  [3600, 3600, "hour"],
  [60, 60, "minute"],
  [0, 0, ""],
];

export const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

// 100 % is said of the whole only.
export function percent(share) {
  if (share == null) return "–";
  return `${share >= 0.995 && share < 1 ? 99 : Math.floor(share * 100 + 0.5)} %`;
}

export const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1);

export function identifier(ifi) {
  const value = ifi.slice(ifi.indexOf(":") + 1);
  return ifi.startsWith("account:") ? value.slice(value.indexOf("|") + 1) : value.replace("mailto:", "");
}

export function age(instant) {
  const seconds = (Date.parse(instant) - Date.now()) / 1000;
  const [, size, unit] = UNITS.find(([from]) => Math.abs(seconds) >= from);
  return size ? ago.format(Math.trunc(seconds / size), unit) : "just now";
}

export function exact(instant) {
  const moment = new Date(instant);
  return `${local.format(moment)} here, ${utc.format(moment)} UTC`;
}
