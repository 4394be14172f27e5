import { expect, test } from 'vitest'
import { CatalogError } from '#model/errors.ts'

test("a message that repeats a client's words is cut where they are endless", () => {
  const { message } = new CatalogError(
    'NoSuchTableException',
    `Table does not exist: ${'😀'.repeat(1_000_000)}`,
  )
  expect(message).toMatch(/^Table does not exist: 😀/)
  expect(message.length).toBeLessThan(6_000)
  expect(message.isWellFormed()).toBe(true)
})

test('two identifiers of the greatest allowed length stand in a message whole', () => {
  const text = 'x'.repeat(2 * 2_000 + 100)
  expect(new CatalogError('BadRequestException', text).message).toBe(text)
})
