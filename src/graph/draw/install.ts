/**
 * Hands the drawing of graphs to Graph, which lies below it.
 * @module
 */
import { installDrawing } from "../graph.ts";
import { graphToDot } from "./dot.ts";
import { graphToSvg } from "./svg.ts";

installDrawing({ toDot: graphToDot, toSvg: graphToSvg });
