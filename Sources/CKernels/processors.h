/// For functions whose plain C becomes vector code: compiled for several processors, chosen when the program is loaded. ThreadSanitizer
/// cannot run what chooses, before it has started itself.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FOR_EACH_PROCESSOR
#endif
#endif
#if !defined(FOR_EACH_PROCESSOR) && defined(__x86_64__) && defined(__linux__)
#define FOR_EACH_PROCESSOR __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#elif !defined(FOR_EACH_PROCESSOR)
#define FOR_EACH_PROCESSOR
#endif
