/**
 * How far another clock is off, when all we know is between which two moments of ours it was read.
 * @returns seconds (positive: the other clock is ahead); 0 where the reading fits. All parameters are Unix seconds.
 */
export function clockDifference(reading: number, notBefore: number, notAfter: number): number {
  // A clock read in whole seconds may be up to one second behind.
  if (reading < Math.floor(notBefore)) return reading - Math.floor(notBefore)
  if (reading > Math.ceil(notAfter)) return reading - Math.ceil(notAfter)
  return 0
}
