import { describeSameImages } from '../support/same-image.ts';

describeSameImages('compilers');
