//! What fuel costs: a price for each operator, so that a unit of fuel takes about the same time whatever a module does.
//!
//! Guarantee: as long as what a module touches lies in the processor's near caches, a unit of fuel takes half a
//! nanosecond at most on the machine where this table was made (attack A34), be it spent on divisions, on roots of
//! subnormal numbers, on calls or on asking the host for memory. What no table can know, because it depends on how much
//! memory there is to miss in, is not in the price of a load: it is the rate of fuel at that memory, which
//! `tidegate doctor --calibrate` measures.
//!
//! Rejected: the engine's own table, one for each operator. There a root costs as much as an addition and takes forty times
//! as long, so that slots would have to be forty times as long for everybody. Rejected as well: pricing each load as a
//! miss in main memory, a hundred times what it costs an honest module.

use wasmtime::OperatorCost;

/// Operators that are not named cost 1, or nothing where they leave no code behind (blocks, ends).
macro_rules! prices {
    ($cost:ident: $($price:literal: $($operator:ident)+;)+) => {
        $($($cost.$operator = $price;)+)+
    };
}

/// The table; in units of half a nanosecond. It is part of the engine's digest.
pub(crate) fn prices() -> OperatorCost {
    let mut cost = OperatorCost::new();
    prices! { cost:
        // A look at the fuel; it would cost nothing otherwise.
        1: Loop;
        // Multiplication, stores, bits of floats, jumps.
        2: Br I32Store I64Store F32Store F64Store I32Store8 I32Store16 I64Store8 I64Store16 I64Store32 MemorySize I32Mul
            I64Mul F32Abs F32Neg F32Copysign F64Abs F64Neg F64Copysign I32ReinterpretF32 I64ReinterpretF64
            F32ReinterpretI32 F64ReinterpretI64 TableSize V128Const;
        // Branches that a processor may guess wrong; comparisons of floats.
        3: If BrIf F32Eq F32Ne F32Lt F32Gt F32Le F32Ge F64Eq F64Ne F64Lt F64Gt F64Le F64Ge V128Store V128Store8Lane
            V128Store16Lane V128Store32Lane V128Store64Lane;
        // Loads that hit; conversions; vector operators.
        4: I32Load I64Load F32Load F64Load I32Load8S I32Load8U I32Load16S I32Load16U I64Load8S I64Load8U I64Load16S
            I64Load16U I64Load32S I64Load32U I32TruncF32S I32TruncF32U I32TruncF64S I32TruncF64U I64TruncF32S I64TruncF32U
            I64TruncF64S I64TruncF64U F32ConvertI32S F32ConvertI32U F32ConvertI64S F32ConvertI64U F64ConvertI32S
            F64ConvertI32U F64ConvertI64S F64ConvertI64U I32TruncSatF32S I32TruncSatF32U I32TruncSatF64S I32TruncSatF64U
            I64TruncSatF32S I64TruncSatF32U I64TruncSatF64S I64TruncSatF64U I8x16Shuffle I8x16ExtractLaneS
            I8x16ExtractLaneU I8x16ReplaceLane I16x8ExtractLaneS I16x8ExtractLaneU I16x8ReplaceLane I32x4ExtractLane
            I32x4ReplaceLane I64x2ExtractLane I64x2ReplaceLane F32x4ExtractLane F32x4ReplaceLane F64x2ExtractLane
            F64x2ReplaceLane I8x16Swizzle I8x16Splat I16x8Splat I32x4Splat I64x2Splat F32x4Splat F64x2Splat I8x16Eq
            I8x16Ne I8x16LtS I8x16LtU I8x16GtS I8x16GtU I8x16LeS I8x16LeU I8x16GeS I8x16GeU I16x8Eq I16x8Ne I16x8LtS
            I16x8LtU I16x8GtS I16x8GtU I16x8LeS I16x8LeU I16x8GeS I16x8GeU I32x4Eq I32x4Ne I32x4LtS I32x4LtU I32x4GtS
            I32x4GtU I32x4LeS I32x4LeU I32x4GeS I32x4GeU I64x2Eq I64x2Ne I64x2LtS I64x2GtS I64x2LeS I64x2GeS F32x4Eq
            F32x4Ne F32x4Lt F32x4Gt F32x4Le F32x4Ge F64x2Eq F64x2Ne F64x2Lt F64x2Gt F64x2Le F64x2Ge V128Not V128And
            V128AndNot V128Or V128Xor V128Bitselect V128AnyTrue I8x16Abs I8x16Neg I8x16Popcnt I8x16AllTrue I8x16Bitmask
            I8x16NarrowI16x8S I8x16NarrowI16x8U I8x16Shl I8x16ShrS I8x16ShrU I8x16Add I8x16AddSatS I8x16AddSatU I8x16Sub
            I8x16SubSatS I8x16SubSatU I8x16MinS I8x16MinU I8x16MaxS I8x16MaxU I8x16AvgrU I16x8ExtAddPairwiseI8x16S
            I16x8ExtAddPairwiseI8x16U I16x8Abs I16x8Neg I16x8Q15MulrSatS I16x8AllTrue I16x8Bitmask I16x8NarrowI32x4S
            I16x8NarrowI32x4U I16x8ExtendLowI8x16S I16x8ExtendHighI8x16S I16x8ExtendLowI8x16U I16x8ExtendHighI8x16U
            I16x8Shl I16x8ShrS I16x8ShrU I16x8Add I16x8AddSatS I16x8AddSatU I16x8Sub I16x8SubSatS I16x8SubSatU I16x8Mul
            I16x8MinS I16x8MinU I16x8MaxS I16x8MaxU I16x8AvgrU I16x8ExtMulLowI8x16S I16x8ExtMulHighI8x16S
            I16x8ExtMulLowI8x16U I16x8ExtMulHighI8x16U I32x4ExtAddPairwiseI16x8S I32x4ExtAddPairwiseI16x8U I32x4Abs
            I32x4Neg I32x4AllTrue I32x4Bitmask I32x4ExtendLowI16x8S I32x4ExtendHighI16x8S I32x4ExtendLowI16x8U
            I32x4ExtendHighI16x8U I32x4Shl I32x4ShrS I32x4ShrU I32x4Add I32x4Sub I32x4Mul I32x4MinS I32x4MinU I32x4MaxS
            I32x4MaxU I32x4DotI16x8S I32x4ExtMulLowI16x8S I32x4ExtMulHighI16x8S I32x4ExtMulLowI16x8U I32x4ExtMulHighI16x8U
            I64x2Abs I64x2Neg I64x2AllTrue I64x2Bitmask I64x2ExtendLowI32x4S I64x2ExtendHighI32x4S I64x2ExtendLowI32x4U
            I64x2ExtendHighI32x4U I64x2Shl I64x2ShrS I64x2ShrU I64x2Add I64x2Sub I64x2Mul I64x2ExtMulLowI32x4S
            I64x2ExtMulHighI32x4S I64x2ExtMulLowI32x4U I64x2ExtMulHighI32x4U F32x4Ceil F32x4Floor F32x4Trunc F32x4Nearest
            F32x4Abs F32x4Neg F32x4PMin F32x4PMax F64x2Ceil F64x2Floor F64x2Trunc F64x2Nearest F64x2Abs F64x2Neg F64x2PMin
            F64x2PMax F32x4ConvertI32x4S F32x4ConvertI32x4U F64x2ConvertLowI32x4S F64x2ConvertLowI32x4U;
        // Floats, subnormal ones too; what makes NaN canonical is in them.
        6: F32Ceil F32Floor F32Trunc F32Nearest F32Add F32Sub F32Mul F32Min F32Max F64Ceil F64Floor F64Trunc F64Nearest
            F64Add F64Sub F64Mul F64Min F64Max F32DemoteF64 F64PromoteF32 TableSet V128Load V128Load8x8S V128Load8x8U
            V128Load16x4S V128Load16x4U V128Load32x2S V128Load32x2U V128Load8Splat V128Load16Splat V128Load32Splat
            V128Load64Splat V128Load32Zero V128Load64Zero V128Load8Lane V128Load16Lane V128Load32Lane V128Load64Lane
            F32x4DemoteF64x2Zero F64x2PromoteLowF32x4;
        // Division of integers, vectors of floats.
        8: I32DivS I32DivU I32RemS I32RemU I64DivS I64DivU I64RemS I64RemU F32x4Add F32x4Sub F32x4Mul F64x2Add F64x2Sub
            F64x2Mul;
        // Jumps through a table; vector conversions of several instructions.
        10: BrTable I32x4TruncSatF32x4S I32x4TruncSatF32x4U I32x4TruncSatF64x2SZero I32x4TruncSatF64x2UZero;
        // Vector minima; bulk operators that find nothing to do.
        12: MemoryCopy MemoryFill TableFill F32x4Min F32x4Max F64x2Min F64x2Max;
        // Calls, division.
        14: Call F32Div F64Div F32x4Sqrt F32x4Div F64x2Div;
        // Roots of subnormals; bulk operators through the host.
        20: F32Sqrt F64Sqrt MemoryInit DataDrop TableInit ElemDrop TableCopy F64x2Sqrt;
        // What asks the host for a function the first time.
        80: CallIndirect RefFunc TableGet;
        // Growth of tables, even by nothing.
        100: TableGrow;
        // Growth of memory, even by nothing or in vain.
        250: MemoryGrow;
    }
    // A page that is granted is a call to the system; what it costs to touch it is paid for by the declared memory.
    cost.variable.memory_grow_per_page = 255;
    cost.variable.table_copy_per_element = 80;
    cost.variable.table_init_per_element = 4;
    cost.variable.table_grow_per_element = 2;
    cost
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmparser::Operator;

    /// What loops inside the host, allocates, or jumps costs something, or a module could do it for nothing.
    #[test]
    fn everything_that_loops_or_allocates_has_a_price() {
        let cost = prices();
        let variable = &cost.variable;
        let per_size = [
            variable.memory_copy_per_byte,
            variable.memory_fill_per_byte,
            variable.memory_init_per_byte,
            variable.memory_grow_per_page,
            variable.table_copy_per_element,
            variable.table_fill_per_element,
            variable.table_init_per_element,
            variable.table_grow_per_element,
        ];
        assert!(per_size.iter().all(|price| *price > 0), "{per_size:?}");
        let flat = [cost.Loop, cost.Br, cost.BrIf, cost.BrTable, cost.If, cost.Call, cost.CallIndirect];
        assert!(flat.iter().all(|price| *price > 0), "{flat:?}");
        let growing = [cost.MemoryGrow, cost.TableGrow, cost.MemoryCopy, cost.MemoryFill, cost.MemoryInit, cost.TableFill, cost.TableCopy];
        assert!(growing.iter().all(|price| *price >= 10), "{growing:?}");
        assert_eq!(cost.cost(&Operator::F64Sqrt), 20);
    }
}
