const MOMENT =
  /^((?:19|20)\d\d-(?:0[1-9]|1[0-2])-([0-3]\d))[ T]((?:[01]\d|2[0-3])(?::[0-5]\d){2})(?:\.\d{1,6})? ?(Z|UTC|[+-](?:0\d|1[0-4]):?[0-5]\d)?$/;

/**
 * A time of a file, such as `2010-12-01 08:26:00` or `2026-05-01 10:00:00 +0200`. One with a zone becomes ISO 8601 in UTC, which
 * ends with Z; one without stays as it is, for `momentSql`. Null if the text is no such time.
 */
export function momentOf(text: string): string | null {
  const [, date, day, time, zone] = MOMENT.exec(text) ?? [];
  if (date === undefined || time === undefined || day === undefined || !isDay(date, day)) return null;
  if (zone === undefined) return text;
  const offset = zone === 'UTC' ? 'Z' : zone.replace(/^([+-]\d\d):?(\d\d)$/, '$1:$2');
  return new Date(`${date}T${time}${offset}`).toISOString();
}

/** SQL of the time in a text column. @param zone placeholder of the IANA name for times that have no zone */
export function momentSql(column: string, zone: string): string {
  return `CASE WHEN ${column} LIKE '%Z' THEN ${column}::timestamptz ELSE ${column}::timestamp AT TIME ZONE ${zone} END`;
}

function isDay(date: string, day: string): boolean {
  if (day === '00') return false;
  return day <= '28' || new Date(`${date}T00:00Z`).getUTCDate() === Number(day); // 30 February would be 2 March
}
