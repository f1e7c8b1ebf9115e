import { UsageError } from '../../core/errors.ts';

export interface AttestationFlags {
  readonly provenance?: string;
  readonly sbom?: string;
  readonly attest?: readonly string[];
}

/**
 * strata writes no attestations. Pipelines that say they want none (`--provenance=false`) are taken at their word.
 * @throws UsageError `no-attestations` where one is asked for
 */
export function refuseAttestations({ provenance, sbom, attest = [] }: AttestationFlags): void {
  const given: readonly (readonly [flag: string, text: string | undefined])[] = [
    ['--provenance', provenance],
    ['--sbom', sbom],
    ...attest.map((text) => ['--attest', text] as const),
  ];
  for (const [flag, text] of given) {
    if (text === undefined || /^(?:0|f|false)$/i.test(text)) continue;
    if (text.split(',').some((field) => /^disabled=(?:1|t|true)$/i.test(field.trim()))) continue;
    throw new UsageError('no-attestations', `${flag} ${text}: strata writes no attestations`, {
      hint: `leave it out, or write ${flag}=${flag === '--attest' ? `${text},disabled=true` : 'false'}`,
    });
  }
}
