/** Texts that stand where secrets do and are none. Each says why; a new one needs as good a reason. */

interface PublicValue {
  readonly form: RegExp
  readonly reason: string
}

const publicValues: readonly PublicValue[] = [
  { form: /^oidc~[\w-]+$/, reason: 'the id of a user, where a stand-in believes whoever names one' },
]

export const isPublic = (value: string): boolean => publicValues.some(({ form }) => form.test(value))
