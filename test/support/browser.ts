/** A person at a browser without a screen: follows redirects, keeps cookies, fills in forms and sends them. */

interface Page {
  readonly url: URL
  readonly text: string
}

const attribute = (tag: string, name: string): string | undefined =>
  new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1]?.replaceAll('&amp;', '&')

/** What a form sends: its hidden fields, and for the others what the person knows. */
const fieldsOf = (form: string, known: Readonly<Record<string, string>>): URLSearchParams => {
  const fields = new URLSearchParams()
  for (const [tag] of form.matchAll(/<(?:input|button)[^>]*>/g)) {
    const name = attribute(tag, 'name')
    if (name !== undefined && name !== 'abort') fields.set(name, known[name] ?? attribute(tag, 'value') ?? '')
  }
  return fields
}

const most = 20

/**
 * Visits a page and sends every form that comes, until there is none; resolves with the last page. `known` is what the
 * person types in, by the name of the field.
 */
export const visit = async (start: string, known: Readonly<Record<string, string>>): Promise<Page> => {
  const cookies = new Map<string, string>()
  const ask = async (url: URL, body?: URLSearchParams): Promise<Page> => {
    const answer = await fetch(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      redirect: 'manual',
      ...(body === undefined ? {} : { body }),
    })
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    const next = answer.headers.get('location')
    return next === null ? { url, text: await answer.text() } : ask(new URL(next, url))
  }
  let page = await ask(new URL(start))
  for (let i = 0; i < most; i++) {
    const [form] = /<form[\s\S]*?<\/form>/.exec(page.text) ?? []
    if (form === undefined) return page
    page = await ask(new URL(attribute(form, 'action') ?? '', page.url), fieldsOf(form, known))
  }
  throw new Error(`forms without end at ${page.url.href}`)
}
