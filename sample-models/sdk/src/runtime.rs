//! What a module needs from its machine: an allocator, and a panic that is one instruction.

use crate::arena::{Arena, PAGE};
use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::{memory_grow, memory_size};
use core::cell::UnsafeCell;

struct Heap(UnsafeCell<Arena>);

// SAFETY: the contract's modules have one thread; the host refuses components with threads.
unsafe impl Sync for Heap {}

#[global_allocator]
static HEAP: Heap = Heap(UnsafeCell::new(Arena::empty()));

unsafe extern "C" {
    /// Set by the linker: where static data end.
    static __heap_base: u8;
}

fn grow(pages: usize) -> Option<usize> {
    let before = memory_grow::<0>(pages);
    (before != usize::MAX).then(|| (before + pages) * PAGE)
}

impl Heap {
    #[expect(clippy::mut_from_ref, reason = "one thread, and no call here calls back into the allocator")]
    fn arena(&self) -> &mut Arena {
        // SAFETY: see above: the reference lives for one call only.
        let arena = unsafe { &mut *self.0.get() };
        if arena.is_empty() {
            arena.open(&raw const __heap_base as usize, memory_size::<0>() * PAGE);
        }
        arena
    }
}

// SAFETY: blocks come from `Arena::take`, which never hands out an address twice.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.arena().take(layout, grow).map_or(core::ptr::null_mut(), |start| start as *mut u8)
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above; fresh memory is zero and is handed out once.
        unsafe { self.alloc(layout) }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size <= layout.size() || self.arena().extend(block as usize, layout.size(), size, grow).is_some() {
            return block;
        }
        // SAFETY: the caller promises a valid size; the new block does not overlap the old one.
        unsafe {
            let moved = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !moved.is_null() {
                core::ptr::copy_nonoverlapping(block, moved, layout.size());
            }
            moved
        }
    }
}

/// The host discards whatever a panic says, so nothing is said, and no formatting code is linked.
#[cfg(not(feature = "std"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
