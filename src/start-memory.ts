/** Gives back what a start needed and the running process does not. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const isFunction = (value: unknown): value is () => void => typeof value === 'function'

const release = (): void => {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (isFunction(collect)) collect()
}

const windowMs = 5_000
/** Microseconds of processor time in a window below which nobody is being served. */
const idleCpu = 100_000

/**
 * One full collection the first time that nothing happens for a while, after which V8 shrinks its heap by itself: a start leaves three times as much
 * memory behind as is in use (sources, what was compiled from them, young space that has grown), and an idle process
 * would never be asked for it. A busy one keeps it: it would only have to grow again.
 * (The harsher kind, as a last resort, drops compiled code too and made loads a tenth dearer for good.)
 */
export const releaseWhenIdle = (): Disposable => {
  let last = process.cpuUsage()
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(last)
    last = process.cpuUsage()
    if (user + system > idleCpu) return
    clearInterval(timer)
    release()
  }, windowMs).unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
