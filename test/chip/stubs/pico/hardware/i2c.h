/* The controller of RP2040 data sheet §4.3.17: the registers that are used, and their bits. */
#pragma once
#include <pico/types.h>

/* Every access comes by i2c_access first, which makes reading and writing act. */
enum i2c_register {
	IC_CON, IC_TAR, IC_SAR, IC_DATA_CMD, IC_INTR_STAT, IC_INTR_MASK, IC_RAW_INTR_STAT, IC_RX_TL, IC_CLR_INTR, IC_CLR_RD_REQ,
	IC_CLR_TX_ABRT, IC_CLR_STOP_DET, IC_ENABLE, IC_STATUS, IC_RXFLR, IC_ENABLE_STATUS, IC_COUNT,
};
typedef struct {
	volatile uint32_t at[IC_COUNT];
} i2c_hw_t;
enum i2c_register i2c_access(enum i2c_register name);
#define con at[i2c_access(IC_CON)]
#define tar at[i2c_access(IC_TAR)]
#define sar at[i2c_access(IC_SAR)]
#define data_cmd at[i2c_access(IC_DATA_CMD)]
#define intr_stat at[i2c_access(IC_INTR_STAT)]
#define intr_mask at[i2c_access(IC_INTR_MASK)]
#define raw_intr_stat at[i2c_access(IC_RAW_INTR_STAT)]
#define rx_tl at[i2c_access(IC_RX_TL)]
#define clr_intr at[i2c_access(IC_CLR_INTR)]
#define clr_rd_req at[i2c_access(IC_CLR_RD_REQ)]
#define clr_tx_abrt at[i2c_access(IC_CLR_TX_ABRT)]
#define clr_stop_det at[i2c_access(IC_CLR_STOP_DET)]
#define enable at[i2c_access(IC_ENABLE)]
#define status at[i2c_access(IC_STATUS)]
#define rxflr at[i2c_access(IC_RXFLR)]
#define enable_status at[i2c_access(IC_ENABLE_STATUS)]

#define I2C_IC_CON_MASTER_MODE_BITS 0x001u
#define I2C_IC_CON_SPEED_LSB 1u
#define I2C_IC_CON_SPEED_VALUE_FAST 2u
#define I2C_IC_CON_IC_RESTART_EN_BITS 0x020u
#define I2C_IC_CON_IC_SLAVE_DISABLE_BITS 0x040u
#define I2C_IC_CON_STOP_DET_IFADDRESSED_BITS 0x080u
#define I2C_IC_CON_TX_EMPTY_CTRL_BITS 0x100u
#define I2C_IC_CON_RX_FIFO_FULL_HLD_CTRL_BITS 0x200u
#define I2C_IC_DATA_CMD_STOP_BITS 0x200u
#define I2C_IC_DATA_CMD_FIRST_DATA_BYTE_BITS 0x800u
#define I2C_IC_INTR_STAT_R_RD_REQ_BITS 0x020u
#define I2C_IC_INTR_STAT_R_TX_ABRT_BITS 0x040u
#define I2C_IC_INTR_STAT_R_STOP_DET_BITS 0x200u
#define I2C_IC_INTR_MASK_M_RX_FULL_BITS 0x004u
#define I2C_IC_INTR_MASK_M_RD_REQ_BITS 0x020u
#define I2C_IC_INTR_MASK_M_TX_ABRT_BITS 0x040u
#define I2C_IC_INTR_MASK_M_STOP_DET_BITS 0x200u
#define I2C_IC_RAW_INTR_STAT_TX_ABRT_BITS 0x040u
#define I2C_IC_RAW_INTR_STAT_STOP_DET_BITS 0x200u
#define I2C_IC_ENABLE_ENABLE_BITS 1u
#define I2C_IC_ENABLE_STATUS_IC_EN_BITS 1u
#define I2C_IC_ENABLE_STATUS_SLV_RX_DATA_LOST_BITS 4u
#define I2C_IC_STATUS_TFNF_BITS 0x02u
#define I2C_IC_STATUS_TFE_BITS 0x04u
#define I2C_IC_STATUS_MST_ACTIVITY_BITS 0x20u
#define I2C_IC_STATUS_SLV_ACTIVITY_BITS 0x40u

typedef struct i2c_inst i2c_inst_t;
extern i2c_inst_t *const i2c0, *const i2c1;
i2c_hw_t *i2c_get_hw(i2c_inst_t *i2c);
uint i2c_init(i2c_inst_t *i2c, uint rate);
void i2c_deinit(i2c_inst_t *i2c);
