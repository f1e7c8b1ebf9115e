export async function main(_args: readonly string[], _io: NodeJS.Process): Promise<number> {
  return 2;
}
