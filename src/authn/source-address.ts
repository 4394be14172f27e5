/** Whom an address stands for when something is counted by it. */

/** Written out: `2001:db8::1` is `2001:db8:0:0`, its first half. */
const firstHalf = (canonical: string): string => {
  const [before = '', after] = canonical.split('::')
  const groups = (text: string): readonly string[] => (text === '' ? [] : text.split(':'))
  const [left, right] = [groups(before), groups(after ?? '')]
  const between = after === undefined ? 0 : 8 - left.length - right.length
  return [...left, ...Array.from({ length: between }, () => '0'), ...right].slice(0, 4).join(':')
}

/** One for a whole IPv6 subnet (/64): whoever has one address of it has all. IPv4 in IPv6 is IPv4. */
export const sourceOf = (address = ''): string => {
  if (!address.includes(':')) return address
  const [, mapped] = /^::ffff:(\d+(?:\.\d+){3})$/i.exec(address) ?? []
  if (mapped !== undefined) return mapped
  const [plain] = address.split('%')
  const canonical = URL.parse(`http://[${plain}]`)?.hostname.slice(1, -1)
  return canonical === undefined ? address : `${firstHalf(canonical)}::/64`
}
