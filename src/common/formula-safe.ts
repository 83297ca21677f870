/**
 * Puts an apostrophe before a text that a spreadsheet would run as a formula (OWASP, CSV Injection): a text may come from a
 * buyer, and the owner opens the file. The same after a semicolon, which separates cells in some spreadsheets. Only for
 * texts, since negative numbers begin with a minus.
 */
export function formulaSafe(text: string): string {
  return text.replaceAll(/(?<=^|;)(?=[=+\-@\t\r\n＝＋－＠])/g, "'");
}
