import type { Driver } from './driver.ts'

/** The driver that a cluster with these settings has; the driver itself where they are wrong, or make no difference. */
export function forSettings(driver: Driver, written: unknown): Driver {
  const read = driver.settings.safeParse(written)
  return (read.success ? driver.configured?.(read.data) : undefined) ?? driver
}
