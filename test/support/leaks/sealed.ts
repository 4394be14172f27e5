/**
 * Whatever is sealed for the store is a secret: literal keys of storages and connections, and the gateway's own signing
 * keys, which nobody outside of the process ever sees. It is seen where it is handed to the cipher; a seal of the store is
 * known by what it binds (`src/store/sealing.ts`), page tokens bind something else.
 */
import crypto, { type CipherGCM } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { noteSecret } from './record.ts'

const listen = (cipher: CipherGCM): void => {
  const { setAAD, update } = cipher
  let isValue = false
  Reflect.set(cipher, 'setAAD', (bound: Buffer, ...rest: readonly unknown[]) => {
    isValue = bound.toString().startsWith('["value",')
    return Reflect.apply(setAAD, cipher, [bound, ...rest])
  })
  Reflect.set(cipher, 'update', (plain: unknown, ...rest: readonly unknown[]) => {
    if (isValue && plain instanceof Uint8Array) noteSecret('sealed', Buffer.from(plain).toString())
    return Reflect.apply(update, cipher, [plain, ...rest])
  })
}

export const listenToSeals = (): void => {
  const { createCipheriv } = crypto
  Reflect.set(crypto, 'createCipheriv', (...args: readonly unknown[]) => {
    const cipher = Reflect.apply(createCipheriv, crypto, args) as CipherGCM
    listen(cipher)
    return cipher
  })
  syncBuiltinESMExports()
}
