/** A program of a user who has installed the package: what its types must say, and must not say. */
import { compile, Graph, type Tensor, tensor, train, type Value, Variable } from "@tensorloom/tensorloom";

const w = new Variable([1, 2], { name: "w" });
const optimizer = new train.SGD({ learningRate: 0.1 });
const step = compile((x: Value) => optimizer.minimize(() => x.mul(w).sum()));
const loss: Tensor = step(tensor([3, 4]));
const later: Promise<Tensor> = step.async(tensor([3, 4]));
// @ts-expect-error: a tensor is not a number
const wrong: number = loss;

new Graph().asDefault(() => console.log(later, wrong));
